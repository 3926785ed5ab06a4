"""The hover window on pictures of a disk, in a headless Chromium: its process cannot import ROS."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.page_user import heat_at, opened_pages

MODEL = Path(__file__).resolve().parents[1] / "models/compact_caps.safetensors"
SHIFT = (64, 32)  # px that the target shows everything further right and down
BLOCK = """
import importlib.abc, sys

class NoRos(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root in ("rclpy", "dense_grasp_ros", "dense_grasp_client") or root.endswith(("_msgs", "_interfaces")):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoRos())
from dense_grasp_ui.__main__ import main
raise SystemExit(main(sys.argv[1:]))
"""


def pictures(folder: Path) -> None:
    """A scene in the BOP layout: two pictures of one surface, and the depth that is not to be shown."""
    noise = np.random.default_rng(5).uniform(0, 255, (40, 52, 3)).astype(np.uint8)
    surface = cv2.resize(noise, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    right, down = SHIFT
    for name, picture in (("000000", surface[down:, right:]), ("000001", surface[:-down, :-right])):
        (folder / "rgb").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"rgb/{name}.png"), picture)
        (folder / "depth").mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"depth/{name}.png"), np.zeros(picture.shape[:2], np.uint16))


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where `python -m dense_grasp_ui inspect` serves, without ROS."""
    folder = tmp_path_factory.mktemp("inspect")
    pictures(folder / "test/000001")
    command = [sys.executable, "-c", BLOCK, "inspect", "--model", str(MODEL), "--port", "0", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("2 pictures: open http://127.0.0.1:"), line + process.stdout.read()
        yield re.search(r"http://\S+", line).group()
        assert process.poll() is None
    finally:
        process.terminate()
        process.communicate(timeout=60.0)


def test_a_pixel_of_one_picture_is_found_in_the_other(browser, address):
    with opened_pages(browser, address) as open_page:
        page = open_page()
        page.wait_for_function("document.querySelector('.dg-live')?.naturalWidth > 0")
        page.wait_for_function("document.querySelector('.dg-heat')?.naturalWidth > 0")
        u, v = 200, 150
        heat_at(page, (u + SHIFT[0], v + SHIFT[1]), pointing=(u, v))
        page.get_by_label("Next target picture").click()
        page.locator(".dg-name-target", has_text="1 of 2: 000000.png").wait_for()
        heat_at(page, (u, v), pointing=(u, v))
        page.get_by_label("Previous reference picture").click()
        page.locator(".dg-name-reference", has_text="2 of 2: 000001.png").wait_for()
        page.wait_for_function("document.querySelector('.dg-live').dataset.picture === '1'")
        heat_at(page, (u - SHIFT[0], v - SHIFT[1]), pointing=(u, v))
        before = float(re.search(r"score ([\d.]+)", page.locator(".dg-peaks li").nth(0).inner_text()).group(1))
        page.locator(".dg-t").fill("-4")
        page.wait_for_function(
            f"Number(/score ([0-9.]+)/.exec(document.querySelector('.dg-peaks').innerText)?.[1] ?? 0) < {before}"
        )
        assert page.locator(".dg-peaks").get_attribute("data-threshold")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", str(MODEL), "/nowhere"], "inspect: /nowhere does not exist"),
        (["--model", "/nowhere.safetensors", str(MODEL.parent)], "has no picture"),
    ],
)
def test_what_cannot_be_inspected_is_said(arguments, said):
    done = subprocess.run([sys.executable, "-c", BLOCK, "inspect", *arguments], capture_output=True, text=True)
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr
