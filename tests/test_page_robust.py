"""The operator's page with ten browsers, 500 keypoints and senseless messages; of the graph the store alone runs."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from dense_grasp_core.store import DescriptorStore
from dense_grasp_core.store.schema import descriptors
from dense_grasp_ros.domains import private_domain

from tests.page_process import served_page
from tests.page_user import (
    PATIENCE_S,
    choose,
    holding_sign,
    opened_pages,
    press,
    press_until,
    take_control,
    take_control_alone,
    until_answered,
)

MODEL = Path(__file__).resolve().parents[1] / "models/compact_caps.safetensors"
MESSAGES = 10_000


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('store') / 'store.db'}"


@pytest.fixture(scope="module")
def store(url):
    """A store with two keypoints of a cup."""
    opened = DescriptorStore(url)
    for keypoint in ("contact", "axis_a"):
        opened.add("cup", keypoint, np.ones(16), "a network", 100.0, 120.0)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def served(url, store, tmp_path_factory):
    """The page, and the node that serves the store."""
    folder, domain = tmp_path_factory.mktemp("page"), private_domain("page alone")
    given = ["-p", f"store:={url}", "-p", f"model:={MODEL}"]
    command = [sys.executable, "-m", "dense_grasp.nodes.query_node", "--ros-args", *given]
    with (folder / "query.log").open("w") as log:
        environment = {**os.environ, "ROS_DOMAIN_ID": str(domain)}
        node = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    try:
        with served_page(domain, folder / "page.log") as page:
            yield page
        assert node.poll() is None, (folder / "query.log").read_text()
    finally:
        node.terminate()
        node.wait(PATIENCE_S)


@pytest.fixture
def open_page(browser, served):
    with opened_pages(browser, served.address) as open_one:
        yield open_one


def holding(open_page):
    """A page that holds control: the browser of the test before is gone."""
    page = open_page()
    take_control_alone(page)
    return page


def test_ten_browsers_see_the_same_and_control_is_handed_over(open_page):
    pages = [holding(open_page), *(open_page() for _ in range(9))]
    pages[0].locator(".dg-control", has_text="This browser holds control, 9 more watch.").wait_for()

    def rename(page, old, new):
        typed = page.get_by_label(re.compile("New name of"))
        press_until(page, f"Rename cup/{old}", typed)
        typed.fill(new)
        press(page, "Rename the point")()

    until_answered(pages[0], lambda: rename(pages[0], "contact", "rim"), "^cup/contact is cup/rim now")
    for page in pages:
        page.get_by_text("cup/rim", exact=True).wait_for()
    take_control(pages[0], pages[9])
    until_answered(pages[0], press(pages[0], "Undo: name rim contact again"), "^This browser only watches")
    until_answered(pages[9], press(pages[9], "Undo: name rim contact again"), "^Undone")
    pages[9].reload()
    holding_sign(pages[9]).wait_for()
    for page in pages:
        page.get_by_text("cup/contact", exact=True).wait_for()
    assert sum(holding_sign(page).count() for page in pages) == 1


def fill(store, count):
    """Keypoints of an object "many": one is stored, and copied in one transaction."""
    store.add("many", "p000", np.ones(16), "a network", 1.0, 2.0)
    columns = [column for column in descriptors.c if column.name not in ("id", "keypoint")]
    first = sa.select(*columns).where(descriptors.c.object_id == "many", descriptors.c.keypoint == "p000")

    def copy(connection):
        (values,) = connection.execute(first).mappings()
        connection.execute(
            sa.insert(descriptors), [{**values, "keypoint": f"p{number:03d}"} for number in range(1, count)]
        )

    store.run(copy, write=True)


def test_five_hundred_keypoints_are_listed_and_found_by_name(open_page, store):
    fill(store, 500)
    try:
        page = holding(open_page)
        page.get_by_text("and 402 more: name some above").wait_for()
        page.get_by_label("Only names that contain").fill("many/p49")
        page.get_by_text("many/p499", exact=True).wait_for()
        assert page.locator("[aria-label^='Delete many/p49']").count() == 10
        choose(page, "Object", "many")
        until_answered(page, press(page, "Find it now"), "^Found 0 of 500 points of many")
    finally:
        store.delete("many")


def senseless(draw: random.Random) -> str | bytes:
    """A message of random bytes, or one framed as the page's own with random content."""
    kind = draw.randrange(4)
    if kind == 0:
        return draw.randbytes(draw.randrange(64))
    if kind == 1:
        return "".join(chr(draw.randrange(1, 0x300)) for _ in range(draw.randrange(64)))
    values = [None, True, -1, 1e300, "", "click", [], {}, {"u": 1, "v": "x"}]
    name = draw.choice(["event", "handshake", "javascript_response", "ack", "too_long_message", "log", "delete"])
    body = {
        key: draw.choice(values) for key in ("id", "client_id", "listener_id", "args", "request_id", "next_message_id")
    }
    return f"4{draw.randrange(7)}{json.dumps([name, body if kind == 2 else draw.choice(values)])}"


def test_ten_thousand_random_messages_change_nothing(open_page, served, store):
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    page = holding(open_page)
    taught = [(row.object_id, row.keypoint, row.id) for row in store.list().entries]
    own = f"127.0.0.1:{served.port}"
    address = f"ws://{own}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    draw, sent = random.Random(3), 0
    while sent < MESSAGES:
        with connect(address, origin=f"http://{own}", open_timeout=PATIENCE_S) as socket:
            socket.recv(timeout=PATIENCE_S)
            try:
                while sent < MESSAGES:
                    socket.send(senseless(draw))
                    sent += 1
            except ConnectionClosed:
                continue
    assert [(row.object_id, row.keypoint, row.id) for row in store.list().entries] == taught
    assert page.locator(".dg-history li").count() == 0
    holding_sign(page).wait_for()
    other = open_page()  # the page and the store still answer
    other.get_by_text("cup/contact", exact=True).wait_for()
    until_answered(page, press(page, "Find it now"), "^Found 0 of")
