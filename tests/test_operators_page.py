"""The operator's page as a person uses it: in a headless Chromium, on the simulated cell."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_bench.chromium import again_until, point_at
from dense_grasp_bench.taught_clicks import CAP
from dense_grasp_client.connection import wait_for
from dense_grasp_core.store import DescriptorStore
from dense_grasp_core.store.former import replace_descriptors, undo_replacement
from dense_grasp_core.store.rows import shown

from tests.page_user import (
    PATIENCE_S,
    answer,
    choose,
    click_on,
    heat_at,
    holding_sign,
    press,
    press_until,
    take_control,
    teaching_click,
    until_answered,
)

pytestmark = pytest.mark.graph
OBJECT = "cap_on_page"
BOX = """name => {  // its lowest and highest corner in the scene of NiceGUI, once its points are there
    for (const [key, scene] of Object.entries(window)) {
        const found = key.startsWith('scene_') && scene.children.find(one => one.name === name);
        if (!found) continue;
        const [low, high] = [[Infinity, Infinity, Infinity], [-Infinity, -Infinity, -Infinity]];
        found.updateWorldMatrix(true, true);
        found.traverse(one => {
            const [m, places] = [one.matrixWorld.elements, one.geometry?.attributes.position];
            for (let i = 0; i < (places?.count ?? 0); i++) {
                const [x, y, z] = [places.getX(i), places.getY(i), places.getZ(i)];
                for (let k = 0; k < 3; k++) {
                    const at = m[k] * x + m[4 + k] * y + m[8 + k] * z + m[12 + k];
                    [low[k], high[k]] = [Math.min(low[k], at), Math.max(high[k], at)];
                }
            }
        });
        if (low[0] <= high[0]) return [low, high];
    }
    return null;
}"""
SHOTS = Path(__file__).resolve().parents[1] / "out/operators_page"


def test_the_live_picture_comes_and_the_cell_is_well(holder):
    holder.wait_for_function("document.querySelector('.dg-live').naturalWidth === 640")
    first = holder.evaluate("document.querySelector('.dg-live').src")
    holder.wait_for_function(f"document.querySelector('.dg-live').src !== '{first}'")
    holder.get_by_text(re.compile(r"^\d nodes report$")).wait_for()


def test_the_live_picture_shows_depth_and_descriptors_too(holder):
    for layer, told in (
        ("Depth", "^Red is .* mm from the camera, blue"),
        ("Descriptors", "^Like descriptors of network"),
    ):
        choose(holder, "Live picture shows", layer)
        holder.locator(".dg-told", has_text=re.compile(told)).wait_for()
        keep_shot(holder.locator(".dg-picture").first, layer.lower())
    choose(holder, "Live picture shows", "Colours")
    holder.locator(".dg-told", has_text=re.compile("^$")).wait_for(state="attached")


def keep_shot(part, name):
    """Keep a picture of a part of the page, to be looked at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    part.screenshot(path=str(SHOTS / f"{name}.jpg"), type="jpeg", quality=70)


def test_control_is_asked_for_handed_over_and_kept_over_a_reload(holder, watcher):
    holder.locator(".dg-control", has_text="This browser holds control, 1 more watches.").wait_for()
    take_control(holder, watcher)
    take_control(watcher, holder)
    holder.reload()
    holding_sign(holder).wait_for()


def clicks_of(cell) -> dict[str, tuple[float, float]]:
    """Pixels of the lesson's points on the cap as it lies there: the truth plays the operator's eye."""
    truth = cell.session.truth(list(CAP.clicks.values()))
    return {name: (round(pixel.x), round(pixel.y)) for name, pixel in zip(CAP.clicks, truth.pixels, strict=True)}


def test_names_outside_the_rule_are_refused_with_it(holder, cell):
    before = {row.object_id for row in cell.client.call("list").taught}
    for name in ("<script>alert(1)</script>", "O'Neill's \"cap\"", "cap 🧢", "../cap", ""):
        refused = f"The name of the object is {shown(name)}, expected 1 to 64 letters, digits"
        until_answered(holder, teaching_click(holder, name, (320, 240)), f"^{re.escape(refused)}")
    assert {row.object_id for row in cell.client.call("list").taught} == before


def test_three_points_are_taught_by_clicks(holder, watcher, cell):
    clicks = clicks_of(cell)
    for keypoint, pixel in clicks.items():
        until_answered(holder, teaching_click(holder, OBJECT, pixel), f"^Taught {OBJECT}/{keypoint} at pixel")
    taught = {row.keypoint: (row.u, row.v) for row in rows_of(cell)}
    assert taught.keys() == clicks.keys()
    for keypoint, (u, v) in clicks.items():
        assert abs(taught[keypoint][0] - u) <= 1.5 and abs(taught[keypoint][1] - v) <= 1.5
    watcher.get_by_text(f"{OBJECT}/contact", exact=True).wait_for()


def rows_of(cell):
    return cell.client.call("list", object_id=OBJECT).taught


def test_the_open_fingers_are_drawn_where_a_click_would_teach_a_pinch(holder, cell):
    truth = cell.session.truth([CAP.clicks["contact"]]).pixels[0]
    fit = holder.locator(".dg-fit")
    holder.get_by_role("radio", name="contact", exact=True).click()
    point_at(holder, (truth.x, truth.y))
    away = [
        f"80 mm open, {1000 * truth.z + off:.0f} mm away" for off in range(-40, 41)
    ]  # the contact is on a steep wall
    told = fit.locator("text", has_text=re.compile("|".join(away)))
    told.wait_for()
    depth = 1e-3 * float(re.search(r"(\d+) mm away", told.text_content())[1])
    focal_length = cell.client.call("picture", object_id=OBJECT, keypoint="contact").camera_info.k[0]
    assert 2.0 * float(fit.locator("circle").get_attribute("r")) == pytest.approx(0.08 * focal_length / depth, rel=0.01)
    holder.get_by_role("radio", name="axis_a", exact=True).click()
    point_at(holder, (truth.x + 40, truth.y))  # the fingers close along this line across the contact
    fit.locator(".dg-between").wait_for()
    keep_shot(holder.locator(".dg-picture").first, "fingers")
    holder.get_by_role("radio", name="approach_a", exact=True).click()
    fit.locator("svg").wait_for(state="detached")


def test_a_taught_point_is_replaced_after_a_question_only(holder, cell):
    before = {row.keypoint: row for row in rows_of(cell)}["contact"]
    holder.get_by_role("radio", name="contact").click()
    again = click_on(holder, clicks_of(cell)["contact"])
    until_answered(holder, answer(holder, again, "Leave it"), f"^{OBJECT}/contact stays as it was")
    assert {row.keypoint: row for row in rows_of(cell)}["contact"].created == before.created
    until_answered(holder, answer(holder, again, "Replace"), f"^Taught {OBJECT}/contact at pixel")
    assert {row.keypoint: row for row in rows_of(cell)}["contact"].created != before.created


def test_a_second_picture_of_a_point_is_kept_beside_the_first_and_undone(holder, cell):
    holder.get_by_role("radio", name="contact").click()
    again = click_on(holder, clicks_of(cell)["contact"])
    until_answered(holder, answer(holder, again, "Add this picture"), f"^Added a picture of {OBJECT}/contact")
    assert {row.keypoint: row.samples for row in rows_of(cell)}["contact"] == 2
    holder.get_by_text(re.compile("px, 2 pictures$")).wait_for()
    undo = f"Undo: forget the last picture of {OBJECT}/contact"
    until_answered(holder, press(holder, undo), f"^Undone: {OBJECT}/contact is without its last picture")
    assert {row.keypoint: row.samples for row in rows_of(cell)}["contact"] == 1


def test_a_deleted_point_of_the_live_picture_is_brought_back(holder, cell):
    def contact():
        return [(row.id, row.created, row.u, row.v) for row in rows_of(cell) if row.keypoint == "contact"]

    def delete() -> None:
        press_until(holder, f"Delete {OBJECT}/contact", holder.get_by_role("button", name="Delete", exact=True))
        press(holder, "Delete")()

    before = contact()
    until_answered(holder, delete, f"^Deleted {OBJECT}/contact")
    assert before and not contact()
    until_answered(holder, press(holder, f"Undo: do not delete {OBJECT}/contact"), "^Undone: ")
    assert contact() == before


def test_what_another_program_changes_is_listed(watcher, cell):
    for old, new in (("contact", "elsewhere"), ("elsewhere", "contact")):
        assert cell.client.call("rename", object_id=OBJECT, keypoint=old, new_name=new).code == 0
        watcher.get_by_text(f"{OBJECT}/{new}", exact=True).wait_for()


def test_what_another_network_described_is_described_anew_by_a_button(holder, cell):
    def list_anew() -> None:
        for old, new in (("contact", "elsewhere"), ("elsewhere", "contact")):
            assert cell.client.call("rename", object_id=OBJECT, keypoint=old, new_name=new).code == 0

    def told(points: str):
        return holder.get_by_text(re.compile(f"^{points} taught with another network"))

    for object_id in ("foreign", "no_picture"):  # what other tests of this cell, or an earlier try, left
        cell.client.call("delete", object_id=object_id)
    store = DescriptorStore(cell.store, create=False)
    try:
        own = {row.model_id for row in store.get_all(OBJECT)}
        changes = [(row, np.ones(4, np.float32)) for row in store.get_all(OBJECT)]
        assert replace_descriptors(store, changes, "before", "before").rows == 3
        store.add("no_picture", "contact", np.ones(4), "before", 1.0, 1.0)
        list_anew()
        told("4 points were").wait_for()
        anew = answer(holder, press(holder, "Describe them anew"), "Describe anew")
        until_answered(holder, anew, "^3 samples described by .*; 1 left as they were")
        (network,) = {row.network for row in store.get_all(OBJECT) if row.model_id in own}
        told("1 point was").wait_for()
        holder.get_by_text("no_picture/contact has no picture: teach it again").wait_for()
        undo = f"Undo: do not describe by {network}"
        until_answered(holder, press(holder, undo), "^Undone: every point is described")
        told("4 points were").wait_for()
        assert undo_replacement(store) == 3 and {row.model_id for row in store.get_all(OBJECT)} == own
    finally:
        store.close()
        cell.client.call("delete", object_id="no_picture")
    list_anew()
    told(r"\d+ points? w\w+").wait_for(state="hidden")


def test_teaching_is_undone(holder, cell):
    holder.get_by_role("radio", name="another name").click()
    holder.get_by_label("Name of the point").fill("rim")
    until_answered(holder, click_on(holder, (300, 200)), f"^Taught {OBJECT}/rim at pixel")
    assert len(rows_of(cell)) == 4
    until_answered(holder, press(holder, f"Undo: forget {OBJECT}/rim"), f"^Undone: {OBJECT}/rim is no longer taught")
    assert {row.keypoint for row in rows_of(cell)} == set(CAP.clicks)
    holder.get_by_role("switch").click()


def test_a_point_and_its_object_are_renamed_and_that_is_undone(holder, watcher, cell):
    def rename(button, kind, name):
        typed = holder.get_by_label(re.compile("New name of"))
        press_until(holder, button, typed)
        typed.fill(name)
        press(holder, f"Rename the {kind}")()

    until_answered(
        holder,
        lambda: rename(f"Rename {OBJECT}/contact", "point", "no good"),
        "^The name of the point is 'no good', expected 1 to 64 letters",
    )
    until_answered(
        holder,
        lambda: rename(f"Rename {OBJECT}/contact", "point", "middle"),
        f"^{OBJECT}/contact is {OBJECT}/middle now",
    )
    watcher.get_by_text(f"{OBJECT}/middle", exact=True).wait_for()
    until_answered(holder, press(holder, "Undo: name middle contact again"), "^Undone: ")
    until_answered(holder, lambda: rename(f"Rename the object {OBJECT}", "object", "lid"), f"^{OBJECT} is lid now")
    watcher.get_by_text("lid/contact", exact=True).wait_for()
    until_answered(holder, press(holder, f"Undo: name lid {OBJECT} again"), "^Undone: ")
    assert {row.keypoint for row in rows_of(cell)} == set(CAP.clicks)


def test_the_heat_is_highest_where_the_point_is(holder, cell):
    for pixel in clicks_of(cell).values():
        heat_at(holder, pixel, pointing=pixel)
    holder.wait_for_function("document.querySelector('.dg-heat').naturalWidth === 640")


def test_a_taught_point_is_pointed_at_in_its_own_picture(holder, cell):
    point_at(holder, (10, 10))
    contact = clicks_of(cell)["contact"]
    until_answered(holder, press(holder, f"Point at {OBJECT}/contact"), f"^Picture of {OBJECT}/contact: ")
    heat_at(holder, contact)
    other = clicks_of(cell)["axis_a"]
    heat_at(holder, other, pointing=other)  # elsewhere in that picture
    holder.get_by_role("radio", name="another name").click()
    holder.get_by_label("Name of the point").fill("seam")
    click = teaching_click(holder, OBJECT, other)
    until_answered(holder, click, f"^Taught {OBJECT}/seam at pixel .* of the picture of contact")
    (match,) = cell.session.locate(OBJECT, ["seam"])
    assert (match.u, match.v) == pytest.approx(other, abs=8.0)  # in the live image
    undo = press(holder, f"Undo: forget {OBJECT}/seam")
    until_answered(holder, undo, f"^Undone: {OBJECT}/seam is no longer taught")
    holder.get_by_role("switch").click()


def test_a_picture_that_was_only_kept_teaches_nothing(holder):
    until_answered(holder, press(holder, "Keep this picture"), "^Kept: ")
    until_answered(holder, click_on(holder, (300, 200)), "^Teaching clicks the live picture")
    choose(holder, "Picture to point at", "Live picture")


def box_of(page, name):
    """Lowest and highest corner (2, 3), m, base frame, of what has this name in the scene of the plan."""
    return np.array(wait_for(lambda: page.evaluate(BOX, name), PATIENCE_S, f"{name} in the scene", period=0.1))


def assert_plan_is_shown(page, cell):
    """The robot stands on its base, and the ghost's fingers are around the contact where they close."""
    page.locator(".dg-plan-title", has_text=re.compile(rf"^{OBJECT}: .* s, the fingers close after .* s\.$")).wait_for()
    robot, hand, cloud = (box_of(page, name) for name in ("robot", "ghost 7", "cloud"))
    assert robot[0, 2] == pytest.approx(0.0, abs=0.03) and robot[1, 2] > 0.5
    contact = cell.session.truth([CAP.clicks["contact"]]).positions[0]
    place = np.array([contact.x, contact.y, contact.z])
    assert (hand[0] < place + 0.01).all() and (place - 0.01 < hand[1]).all()
    assert (cloud[0, :2] < place[:2]).all() and (place[:2] < cloud[1, :2]).all()  # the table around it


def assert_plan_is_drawn_when_it_changes(page):
    """Not ten times a second, which takes most of a core without a graphics card."""
    drawn = "window.dgDrawn"
    page.locator(".dg-scene canvas").last.scroll_into_view_if_needed()
    wait_for(lambda: page.evaluate(drawn) > 0, PATIENCE_S, "a drawn scene")
    wait_for(lambda: steady(page, drawn), PATIENCE_S, "a scene that is drawn no more", period=0.1)
    before = page.evaluate(drawn)
    page.get_by_role("button", name="Turn left").last.click()
    wait_for(lambda: page.evaluate(drawn) > before, PATIENCE_S, "the scene from another side")
    wait_for(lambda: steady(page, drawn), PATIENCE_S, "a scene that is drawn no more", period=0.1)
    before = page.evaluate(drawn)
    page.evaluate("window.dispatchEvent(new Event('resize'))")  # as a window that grows in height; empties the canvas
    wait_for(lambda: page.evaluate(drawn) > before, PATIENCE_S, "the scene again after the canvas was emptied")


def steady(page, expression):
    """Whether its value stays the same for a second."""
    before = page.evaluate(expression)
    page.wait_for_timeout(1000)
    return page.evaluate(expression) == before


def test_it_plans_grasps_with_its_stages_and_cancels(holder, watcher, cell):
    choose(holder, "Object", OBJECT)
    until_answered(holder, press(holder, "Find it now"), f"^Found 3 of 3 points of {OBJECT}")
    until_answered(holder, press(holder, "Plan only"), f"^Plan of {OBJECT}: SUCCESS")
    assert_plan_is_shown(holder, cell)
    assert_plan_is_drawn_when_it_changes(holder)
    keep_shot(holder.locator("section", has=holder.locator("#dg-plan")), "plan")
    watcher.locator(".dg-plan-title", has_text=f"{OBJECT}: ").wait_for()

    def grasp_and_cancel() -> None:
        """Escape while it approaches; a grasp that ended before is tried again from the start."""
        cell.session.set_cap(0)
        press(holder, "Grasp")()
        ended = watcher.locator(".dg-history li", has_text=f"Grasp of {OBJECT}")
        stage = watcher.locator(".dg-stage", has_text=f"Grasp of {OBJECT}: APPROACHING")
        many = ended.count()
        wait_for(lambda: stage.count() or ended.count() > many, PATIENCE_S, "a stage", period=0.05)
        holder.get_by_label("Name of the object").press("Escape")

    until_answered(holder, grasp_and_cancel, "being cancelled|^Grasp of .*CANCELED")
    watcher.locator(".dg-history li", has_text=re.compile(f"Grasp of {OBJECT}.*CANCELED.*approaching")).wait_for()
    holder.locator(".dg-line", has_text="CANCELED").wait_for()
    planned = watcher.locator(
        ".dg-history li", has_text=re.compile(f"Plan of {OBJECT}.*Pinch at contact, planned in")
    ).first
    assert planned.locator(".dg-attempt circle").count() == len(CAP.clicks)
    assert planned.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    keep_shot(planned, "history")


def test_a_page_that_is_loaded_anew_while_it_grasps_still_shows_the_grasp_and_holds_control(holder, watcher, cell):
    cell.session.set_cap(0)
    choose(holder, "Object", OBJECT)
    ended = watcher.locator(".dg-history li", has_text=f"Grasp of {OBJECT}")
    many = ended.count()
    press(holder, "Grasp")()
    watcher.locator(".dg-stage", has_text=f"Grasp of {OBJECT}: ").wait_for()
    holder.reload()
    holding_sign(holder).wait_for()
    shown = holder.locator(".dg-history li", has_text=f"Grasp of {OBJECT}")
    running = holder.locator(".dg-stage", has_text=f"Grasp of {OBJECT}: ")
    wait_for(lambda: running.count() or shown.count() > many, PATIENCE_S, "the grasp on the new page", period=0.1)

    def cancel() -> None:
        if running.count():
            holder.get_by_label("Name of the object").press("Escape")

    again_until(lambda: shown.count() > many, cancel, PATIENCE_S, "the end of the grasp")


@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_on_the_screen_and_a_picture_of_it_is_kept(holder, width):
    holder.set_viewport_size({"width": width, "height": 1400})
    try:
        holder.wait_for_function(f"window.innerWidth === {width}")
        assert holder.evaluate("document.documentElement.scrollWidth") <= width
        stop = holder.get_by_role("button", name="Stop", exact=True).bounding_box()
        assert stop["x"] >= 0 and stop["x"] + stop["width"] <= width
        SHOTS.mkdir(parents=True, exist_ok=True)
        holder.screenshot(path=str(SHOTS / f"page_{width}.jpg"), type="jpeg", quality=60)
        assert 10_000 < (SHOTS / f"page_{width}.jpg").stat().st_size < 200_000
    finally:
        holder.set_viewport_size({"width": 1280, "height": 1800})


def test_what_is_taught_is_deleted_after_a_question(holder, cell):
    for keypoint in CAP.clicks:

        def delete(keypoint=keypoint) -> None:
            press_until(holder, f"Delete {OBJECT}/{keypoint}", holder.get_by_role("button", name="Delete", exact=True))
            press(holder, "Delete")()

        until_answered(holder, delete, f"^Deleted {OBJECT}/{keypoint}")
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
        assert ours.recv(timeout=PATIENCE_S).startswith("0{")  # engine.io's greeting
