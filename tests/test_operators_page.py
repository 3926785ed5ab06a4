"""The operator's page as a person uses it: in a headless Chromium, on the simulated cell."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from dense_grasp_bench.taught_clicks import CAP
from dense_grasp_client.connection import GraphError, wait_for

from tests.browser import chromium

pytestmark = pytest.mark.graph
START_S = 120.0
TRIES = 5
OBJECT = "cap_on_page"
MS = int(os.environ.get("PAGE_MS", 60_000))  # ms that a condition in the browser may take on a busy machine


class Served:
    """The page's process."""

    def __init__(self, port: int, process: subprocess.Popen, log: Path):
        self.port, self.process, self.log = port, process, log
        self.address = f"http://127.0.0.1:{port}/"

    def status(self, **headers: str) -> int:
        """Of a GET of the page with these headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30.0)
        connection.request("GET", "/live.jpg", headers=headers)
        return connection.getresponse().status


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_page(domain: int, port: int, log: Path, *parameters: str) -> subprocess.Popen:
    given = [argument for value in (f"port:={port}", "use_sim_time:=true", *parameters) for argument in ("-p", value)]
    command = [sys.executable, "-m", "dense_grasp_ui.page", "--ros-args", *given]
    with log.open("w") as out:
        environment = {**os.environ, "ROS_DOMAIN_ID": str(domain)}
        return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)


@pytest.fixture(scope="module")
def served(cell, tmp_path_factory):
    """The page of the running cell."""
    log, port = tmp_path_factory.mktemp("page") / "page.log", free_port()
    process = start_page(cell.client.domain, port, log)
    try:
        wait_for(lambda: "operator's page: http" in log.read_text() or process.poll() is not None, START_S, "the page")
        assert process.poll() is None, log.read_text()
        yield Served(port, process, log)
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(30.0)
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="module")
def browser():
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def window(browser, served):
    """A function that opens the page in a browser of its own; whatever fails in one of them fails the last test."""
    wrong: list[str] = []

    def open_page():
        page = browser.new_context(viewport={"width": 1280, "height": 1800}).new_page()
        page.set_default_timeout(MS)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(served.address)
        return page

    yield open_page
    assert wrong == []


@pytest.fixture(scope="module")
def holder(window):
    """The browser that holds control."""
    page = window()
    page.get_by_text("This browser holds control").wait_for()
    return page


@pytest.fixture(scope="module")
def watcher(holder, window):
    """A browser that watches."""
    page = window()
    page.get_by_text("Another browser holds control.").wait_for()
    return page


def test_the_live_picture_comes_and_the_cell_is_well(holder):
    holder.wait_for_function("document.querySelector('.dg-live').naturalWidth === 640")
    first = holder.evaluate("document.querySelector('.dg-live').src")
    holder.wait_for_function(f"document.querySelector('.dg-live').src !== '{first}'")
    holder.get_by_text(re.compile(r"^\d nodes report$")).wait_for()


def test_control_is_asked_for_handed_over_and_kept_over_a_reload(holder, watcher):
    for keeps, asks in ((holder, watcher), (watcher, holder)):
        keeps.get_by_text("This browser holds control, 1 more watches.").wait_for()
        asks.get_by_role("button", name="Ask for control").click()
        keeps.get_by_role("button", name="Hand over").click()
        asks.get_by_text("This browser holds control").wait_for()
        keeps.get_by_text("Another browser holds control.").wait_for()
    holder.reload()
    holder.get_by_text("This browser holds control").wait_for()


def clicks_of(cell) -> dict[str, tuple[float, float]]:
    """Pixels of the lesson's points on the cap as it lies there: the truth plays the operator's eye."""
    truth = cell.session.truth(list(CAP.clicks.values()))
    return {name: (round(pixel.x), round(pixel.y)) for name, pixel in zip(CAP.clicks, truth.pixels, strict=True)}


def point_at(page, pixel, click=False):
    """Move the mouse to a pixel of the picture."""
    box = page.locator(".dg-live").bounding_box()
    u, v = pixel
    x, y = box["x"] + box["width"] * (u + 0.5) / 640, box["y"] + box["height"] * (v + 0.5) / 480
    (page.mouse.click if click else page.mouse.move)(x, y)


def answered(page, pattern):
    """Wait for the page's answer."""
    page.locator(".dg-line", has_text=re.compile(pattern)).wait_for()


def teach_by_click(page, keypoint, pixel):
    """Click until it is taught, as a person does who reads that the newest image is too old: a machine may be busy."""
    line, told = page.locator(".dg-line"), []
    for _ in range(TRIES):
        before = line.inner_text()
        page.locator(".dg-live").scroll_into_view_if_needed()
        point_at(page, pixel, click=True)
        with contextlib.suppress(GraphError):
            wait_for(lambda before=before: line.inner_text() != before, MS / 2000, "an answer", period=0.2)
        told.append(line.inner_text())
        if told[-1].startswith(f"Taught {OBJECT}/{keypoint} at pixel"):
            return
    pytest.fail(f"{keypoint} was not taught, the page said: {told}")


def test_three_points_are_taught_by_clicks(holder, watcher, cell):
    clicks = clicks_of(cell)
    holder.locator(".dg-live").scroll_into_view_if_needed()
    holder.get_by_label("Name of the object").fill("<script>alert(1)</script>")
    holder.get_by_role("switch").click()
    point_at(holder, clicks["contact"], click=True)
    answered(holder, "The name of the object is '<script>.*expected 1 to 64 letters, digits")
    holder.get_by_label("Name of the object").fill(OBJECT)
    for keypoint, pixel in clicks.items():
        teach_by_click(holder, keypoint, pixel)
    taught = {row.keypoint: (row.u, row.v) for row in cell.client.call("list", object_id=OBJECT).taught}
    assert taught.keys() == clicks.keys()
    for keypoint, (u, v) in clicks.items():
        assert abs(taught[keypoint][0] - u) <= 1.5 and abs(taught[keypoint][1] - v) <= 1.5
    watcher.get_by_text(f"{OBJECT}/contact", exact=True).wait_for()


def test_the_heat_is_highest_where_the_point_is(holder, cell):
    holder.get_by_role("switch").click()
    for pixel in clicks_of(cell).values():
        point_at(holder, pixel)
        holder.wait_for_function(
            """([u, v]) => {
                const found = /at \\((\\d+), (\\d+)\\) px/.exec(document.querySelector('.dg-peaks').innerText);
                return found && Math.hypot(found[1] - u, found[2] - v) <= 4;
            }""",
            arg=list(pixel),
        )
    holder.wait_for_function("document.querySelector('.dg-heat').naturalWidth === 640")


def test_it_plans_grasps_with_its_stages_and_cancels(holder, watcher, cell):
    holder.get_by_label("Object", exact=True).click()
    holder.get_by_role("option", name=OBJECT).click()
    holder.get_by_role("button", name="Find it now").click()
    answered(holder, f"^Found 3 of 3 points of {OBJECT}")
    holder.get_by_role("button", name="Plan only").click()
    answered(holder, f"^Plan of {OBJECT}: SUCCESS")
    holder.get_by_role("button", name="Grasp", exact=True).click()
    watcher.locator(".dg-stage", has_text=re.compile(f"Grasp of {OBJECT}: APPROACHING")).wait_for()
    holder.get_by_label("Name of the object").press("Escape")
    watcher.locator(".dg-history li", has_text=re.compile(f"Grasp of {OBJECT}.*CANCELED.*approaching")).wait_for()


def test_what_is_taught_is_deleted_after_a_question(holder, cell):
    for keypoint in CAP.clicks:
        holder.get_by_role("button", name=f"Delete {OBJECT}/{keypoint}").click()
        holder.get_by_role("button", name="Delete", exact=True).click()
        answered(holder, f"^Deleted {OBJECT}/{keypoint}")
    assert cell.client.call("list", object_id=OBJECT).total == 0


def test_stop_works_from_a_browser_that_only_watches_and_is_no_safety_stop(watcher):
    watcher.get_by_text("It is no safety stop").wait_for()
    watcher.get_by_role("button", name="Stop", exact=True).click()
    watcher.get_by_text(re.compile(r"^Stop: ")).wait_for()


def test_what_another_web_page_sends_is_refused(served):
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    own = f"127.0.0.1:{served.port}"
    assert served.status(Host=own) in (200, 204)
    assert served.status(Host=f"evil.example:{served.port}") == 403
    assert served.status(Host=own, Origin="http://evil.example") == 403
    assert served.status(Host=own, **{"Sec-Fetch-Site": "cross-site"}) == 403
    address = f"ws://{own}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    for origin in (None, "http://evil.example", f"http://localhost:{served.port}"):
        with pytest.raises(InvalidStatus, match="403"):
            connect(address, origin=origin).close()
    with connect(address, origin=f"http://{own}") as ours:
        assert ours.recv(timeout=30.0).startswith("0{")  # engine.io's greeting
