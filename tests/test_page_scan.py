"""Scanning at the operator's page as a person does: in a headless Chromium, on the simulated cell."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_bench.chromium import again_until
from dense_grasp_bench.hand_eye_error import shipped_hand_eye
from dense_grasp_bench.taught_clicks import TRAINING_SEED
from dense_grasp_client.connection import wait_for
from dense_grasp_client.hand_eye import use_hand_eye
from dense_grasp_core.object_model.clicked_point import view_point
from dense_grasp_core.object_model.scan import read_scan
from rcl_interfaces.srv import GetParameters

from tests.page_user import (
    PATIENCE_S,
    TRY_S,
    choose,
    click_on,
    press,
    press_until,
    until_answered,
)

pytestmark = pytest.mark.graph
OBJECT, CANCELLED, VIEWS = "scanned_on_page", "cancelled_on_page", 8
MOUNT = "Use the camera's mount that it found"
SAME_SPOT = 0.006  # m
BALL = """name => {  // its place in the scene of NiceGUI, once it is there beside the surface
    const scene = Object.entries(window).find(([key]) => key.startsWith('scene_'))?.[1].children ?? [];
    const points = scene.find(one => one.type === 'Points')?.geometry.attributes.position.count ?? 0;
    return points > 500 && scene.find(one => one.name === name)?.position.toArray();
}"""
SHOTS = Path(__file__).resolve().parents[1] / "out/page_scan"


@pytest.fixture(scope="module", autouse=True)
def scans(cell):
    """The scans of the cell, its training cap on the table; those that these tests leave are removed at the end. The
    camera's mount is published a little off, until a scan says where it is.
    """
    folders = cell.scans
    before = folders.names()
    cell.session.set_cap(TRAINING_SEED)
    use_hand_eye(cell.client.connection, shipped_hand_eye((3.0, 0.6)))
    yield folders
    use_hand_eye(cell.client.connection, shipped_hand_eye())
    for name in set(folders.names()) - set(before):
        folders.remove(name)
    cell.client.call("delete", object_id=OBJECT)
    cell.teach_again()


def name_it(page, name: str) -> None:
    page.get_by_label("Name of the object").fill(name)
    page.get_by_label("Pictures", exact=True).fill(str(VIEWS))


def history_of(page, name: str, outcome: str = ""):
    """The entries of a name's scans that say so."""
    return page.locator(".dg-history li", has_text=re.compile(f"Scan of {name}.*{outcome}"))


def running_scan(page):
    """The button that is there while a scan runs."""
    return page.get_by_role("button", name="Cancel the scan", exact=True)


def scan_it(page, name: str, meanwhile=lambda: None) -> None:
    """Press the button, and wait until the scan has ended or was refused."""
    line, ended = page.locator(".dg-line"), history_of(page, name)
    many, before = ended.count(), line.inner_text()
    press(page, "Scan it")()
    meanwhile()
    wait_for(
        lambda: ended.count() > many or (line.inner_text() != before and not running_scan(page).is_visible()),
        PATIENCE_S,
        "the end of the scan",
        period=0.2,
    )


def test_the_page_says_how_fast_the_arm_moves_and_who_may_scan(holder, watcher, scans):
    holder.get_by_text("Its tool does 0.25 m/s at most").wait_for()
    name_it(watcher, OBJECT)
    until_answered(watcher, press(watcher, "Scan it"), "^This browser only watches")
    name_it(holder, "no good")
    until_answered(holder, press(holder, "Scan it"), "^The name of the object is 'no good', expected 1 to 64 letters")
    name_it(holder, OBJECT)
    until_answered(holder, press(holder, "Show its scan"), f"^{OBJECT} has no scan yet")
    assert OBJECT not in scans.names() and not running_scan(holder).is_visible()


def test_a_scan_is_cancelled_and_its_sentence_stays(holder, watcher):
    numbers = count()

    def scan_and_cancel() -> None:
        """Under a new name each time: one that was done before its cancel is no scan to do again."""
        name = f"{CANCELLED}_{next(numbers)}"
        name_it(holder, name)

        def cancel() -> None:
            wait_for(
                lambda: running_scan(holder).is_visible() or history_of(holder, name).count(), PATIENCE_S, "the scan"
            )
            if running_scan(holder).is_visible():
                running_scan(holder).click(timeout=10_000)

        scan_it(holder, name, cancel)

    cancelled = history_of(holder, CANCELLED, "CANCELED")
    again_until(cancelled.count, scan_and_cancel, PATIENCE_S, "a scan that is cancelled")
    history_of(watcher, CANCELLED, "CANCELED").first.wait_for()


def test_the_arm_scans_by_a_button_and_every_browser_sees_the_dome_fill(holder, watcher, scans):
    name_it(holder, OBJECT)

    def filling() -> None:
        # No longer than a try: a scan that a busy machine refused shows none, and is asked for again.
        watcher.locator(".dg-scan", has_text=f"Scan of {OBJECT}").wait_for(timeout=1000 * TRY_S)
        watcher.locator(".dg-dome-dots circle").first.wait_for(state="attached", timeout=1000 * TRY_S)

    done = history_of(holder, OBJECT, "SUCCESS")
    again_until(done.count, lambda: scan_it(holder, OBJECT, filling), PATIENCE_S, "a scan")
    assert OBJECT in scans.names()
    history_of(watcher, OBJECT, "SUCCESS").first.wait_for()
    views = len(read_scan(scans.folder(OBJECT)))
    assert 4 <= views <= watcher.locator(".dg-dome-dots circle").count() <= VIEWS
    assert watcher.locator(".dg-shots img").count() >= 1
    holder.wait_for_function("many => document.querySelectorAll('.dg-thumb').length === many", arg=views)
    holder.wait_for_function(
        "[...document.querySelectorAll('.dg-thumb img')].every(image => image.naturalWidth === 200)"
    )


def test_the_mount_that_the_scan_found_is_used_by_a_button(holder, watcher, cell):
    for page in (holder, watcher):
        page.get_by_role("button", name=MOUNT, exact=True).wait_for()
    until_answered(holder, press(holder, MOUNT), "^The running cell uses the transform that the scan found")
    for page in (holder, watcher):
        page.get_by_role("button", name=MOUNT, exact=True).wait_for(state="hidden")
    asked = cell.client.node.create_client(GetParameters, "hand_eye_publisher/get_parameters")
    answer = cell.client.connection.call(asked, GetParameters.Request(names=["xyz"]), PATIENCE_S)
    true = shipped_hand_eye().transform.translation
    assert answer.values[0].double_array_value.tolist() == pytest.approx([true.x, true.y, true.z], abs=0.0015)


def test_a_scan_is_replaced_after_a_question_only(holder, scans):
    before = scans.folder(OBJECT).stat().st_ino

    def leave() -> None:
        press_until(holder, "Scan it", holder.get_by_role("button", name="It is turned over: join"))
        press(holder, "Leave it")()

    until_answered(holder, leave, f"^The scan of {OBJECT} stays as it was")
    assert scans.folder(OBJECT).stat().st_ino == before


def open_view(page, number: int) -> None:
    """Click on a picture of the row until it is the one to point at."""
    thumb = page.get_by_role("button", name=re.compile(f"^View {number} of {OBJECT}"))
    until_answered(page, lambda: thumb.click(timeout=60_000), f"^View {number} of the scan of {OBJECT}: a click")
    page.wait_for_function(
        "() => { const shown = document.querySelector('.dg-live').dataset;"
        " return shown.picture !== 'live' && shown.painted === shown.picture; }"
    )


def test_a_click_in_a_picture_of_the_scan_teaches_a_point_that_all_views_show_on_one_spot(holder, watcher, cell, scans):
    views = read_scan(scans.folder(OBJECT))
    pixels = views[0].surface_pixels()
    u, v = pixels[np.linalg.norm(pixels - pixels.mean(0), axis=1).argmin()].tolist()
    point = view_point(views[0], u, v)
    open_view(holder, 0)
    holder.get_by_role("switch").click()
    holder.get_by_role("radio", name="contact").click()
    until_answered(holder, click_on(holder, (u, v)), f"^Taught {OBJECT}/contact at pixel .* of view 0 of its scan")
    (row,) = cell.client.call("list", object_id=OBJECT).taught
    assert row.scan_view == 0
    taught = np.array([row.object_point.x, row.object_point.y, row.object_point.z])
    assert np.linalg.norm(taught - point) < SAME_SPOT

    np.testing.assert_allclose(holder.wait_for_function(BALL, arg="contact").json_value(), taught, atol=1e-6)
    holder.get_by_text(re.compile(rf"^contact is seen in \d of {len(views)} pictures")).wait_for()
    shown = holder.locator(".dg-thumb")
    wait_for(lambda: 0 < shown.count() == holder.locator(".dg-thumb circle").count(), PATIENCE_S, "the marks")
    seen = {}
    for label, x, y in holder.evaluate(
        "() => [...document.querySelectorAll('.dg-thumb')].map(one => [one.ariaLabel,"
        " ...['cx', 'cy'].map(name => Number(one.querySelector('circle').getAttribute(name)))])"
    ):
        seen[int(re.match(r"View (\d+) ", label)[1])] = (x, y)
    assert np.hypot(seen[0][0] - u, seen[0][1] - v) < 2.0
    for number, pixel in seen.items():
        assert np.linalg.norm(view_point(views[number], *pixel) - taught) < SAME_SPOT
    holder.get_by_role("switch").click()
    watcher.get_by_role("button", name=f"In the scan {OBJECT}/contact", exact=True).click()
    watcher.get_by_text(f"contact is seen in {len(seen)} of {len(views)} pictures").wait_for()


def test_the_frame_of_the_object_is_drawn_where_it_is_found(holder, cell):
    choose(holder, "Picture to point at", "Live picture")
    choose(holder, "Object", OBJECT)
    until_answered(holder, press(holder, "Find it now"), f"^Found 1 of 1 points of {OBJECT}")
    holder.locator(".dg-instance", has_text="no. 1").wait_for()
    lines = holder.locator(".dg-overlay line")
    assert lines.count() == 3
    starts = {tuple(float(line.get_attribute(name)) for name in ("x1", "y1")) for line in lines.all()}
    (origin,) = starts
    ring = holder.locator(".dg-overlay .dg-seen-mark circle")
    away = [float(ring.get_attribute(name)) - at for name, at in zip(("cx", "cy"), origin, strict=True)]
    assert np.hypot(*away) < 120.0  # px; the cap is some 200 px wide there, and its frame is in its middle
    holder.locator(".dg-picture").first.screenshot(path=str(SHOTS / "frame.jpg"), type="jpeg", quality=70)


def test_a_point_clicked_in_the_scan_is_deleted_and_brought_back(holder, cell):
    (before,) = cell.client.call("list", object_id=OBJECT).taught

    def delete() -> None:
        press_until(holder, f"Delete {OBJECT}/contact", holder.get_by_role("button", name="Delete", exact=True))
        holder.get_by_text("“Undo” brings it back").wait_for()
        press(holder, "Delete")()

    until_answered(holder, delete, f"^Deleted {OBJECT}/contact")
    assert cell.client.call("list", object_id=OBJECT).total == 0
    until_answered(holder, press(holder, f"Undo: do not delete {OBJECT}/contact"), "^Undone: ")
    (after,) = cell.client.call("list", object_id=OBJECT).taught
    assert (after.u, after.v, after.scan_view) == (before.u, before.v, before.scan_view)
    assert after.object_point == before.object_point and after.has_picture


@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_on_the_screen_and_a_picture_of_it_is_kept(holder, width):
    holder.set_viewport_size({"width": width, "height": 1800})
    try:
        holder.wait_for_function(f"window.innerWidth === {width}")
        assert holder.evaluate("document.documentElement.scrollWidth") <= width
        SHOTS.mkdir(parents=True, exist_ok=True)
        holder.screenshot(path=str(SHOTS / f"page_{width}.jpg"), type="jpeg", quality=60, full_page=True)
        assert (SHOTS / f"page_{width}.jpg").stat().st_size > 10_000
    finally:
        holder.set_viewport_size({"width": 1280, "height": 1800})
