"""The pages say what is there: links, make targets, result codes, size."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dense_grasp_core.result_codes import GraspCode, MatchCode, PlaceCode, ScanCode, StoreCode

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(page for glob in ("*.md", "docs/*.md", "src/*/README.md", "underlay/*.md") for page in ROOT.glob(glob))
NOT_A_FAILURE = {"OK", "SUCCESS", "PERCEPTION", "PERCEPTION_UNAVAILABLE"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"`make ([a-z-]+)", page.read_text()))
    assert named <= targets


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_bytes()) <= 6000


def test_every_code_is_explained():
    rows = dict(re.findall(r"^\| (\d+) \| `(\w+)` \|", (ROOT / "docs/troubleshooting.md").read_text(), re.M))
    codes = {
        str(int(code)): code.name
        for code in (*MatchCode, *StoreCode, *GraspCode, *ScanCode, *PlaceCode)
        if code.name not in NOT_A_FAILURE
    }
    assert rows == codes
