"""`make release` on a copy of the manifests: all or nothing."""

from __future__ import annotations

import datetime
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.release import PLACES, ReleaseError, closed, manifests, release

ROOT = Path(__file__).resolve().parents[1]
DAY = datetime.date(2026, 12, 1)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A repository with the manifests, the changelog and version 9.8.7 in VERSION."""
    for path in [*manifests(ROOT), ROOT / "CHANGELOG.md"]:
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (tmp_path / "VERSION").write_text("9.8.7\n")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        git(tmp_path, *command)
    return tmp_path


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=maintainer", "-c", "user.email=maintainer@example.org"]
    return subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.fixture(autouse=True)
def identity(monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "maintainer")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "maintainer@example.org")


def test_every_manifest_says_the_same_version():
    said = {path: re.findall(PLACES[path.name], path.read_text()) for path in manifests(ROOT)}
    assert len({tuple(versions) for versions in said.values()}) == 1, said


def test_a_release_is_one_commit_and_one_tag(copy):
    assert release(copy, DAY) == "v9.8.7"
    assert git(copy, "log", "-1", "--format=%s %D").startswith("Release 9.8.7 HEAD")
    assert git(copy, "tag") == "v9.8.7\n" and not git(copy, "status", "--porcelain")
    assert all("9.8.7" in path.read_text() for path in manifests(copy))
    changelog = (copy / "CHANGELOG.md").read_text()
    assert "## [Unreleased]\n\n## [9.8.7] - 2026-12-01\n### " in changelog
    with pytest.raises(ReleaseError, match=r"tag v9\.8\.7 already"):
        release(copy, DAY)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("VERSION", "1.0", "'1.0', expected three numbers"),
        ("src/dense_grasp/setup.py", "nothing", "says its version 0 times"),
        ("CHANGELOG.md", "# Changelog\n## [Unreleased]\n\n## [0.1.0]\n- a\n", "nothing under"),
    ],
)
def test_nothing_is_written_when_something_is_missing(copy, file, text, words):
    (copy / file).write_text(text)
    git(copy, "commit", "-qam", "broken")
    before = git(copy, "rev-parse", "HEAD")
    with pytest.raises(ReleaseError, match=words):
        release(copy, DAY)
    assert git(copy, "rev-parse", "HEAD") == before and not git(copy, "status", "--porcelain") and not git(copy, "tag")


def test_a_changed_work_tree_is_not_released(copy):
    (copy / "CHANGELOG.md").write_text("changed")
    with pytest.raises(ReleaseError, match="commit them first"):
        release(copy, DAY)


def test_a_version_is_released_once():
    with pytest.raises(ReleaseError, match=r"has 0\.1\.0 already"):
        closed("## [Unreleased]\n- a\n## [0.1.0]\n", "0.1.0", DAY)
