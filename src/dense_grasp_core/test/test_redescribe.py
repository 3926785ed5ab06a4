"""A store described anew for another network, and back."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import cv2
import numpy as np
import pytest
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.locate import Limits
from dense_grasp_core.matching.redescribe import NewNetwork, NothingToDescribeError, RedescribeError, redescribe
from dense_grasp_core.store import DescriptorStore, StoreError
from dense_grasp_core.store.former import undo_replacement

STRIDE, WIDTH, HEIGHT = 8, 96, 64
CAMERA = CameraModel(WIDTH, HEIGHT, 90.0, 90.0, 47.5, 31.5)
POINTS = {"contact": (30.0, 20.0), "axis_a": (70.0, 44.0), "axis_b": (12.0, 50.0)}
CELL = np.random.default_rng(0).integers(0, 256, (HEIGHT // STRIDE, WIDTH // STRIDE, 3), dtype=np.uint8)


def enlarged(cells: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8, STRIDE px a cell."""
    return np.kron(cells, np.ones((STRIDE, STRIDE, 1), np.uint8))


def png(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()


def network(number: int, channels: int = 3, **limits: float) -> NewNetwork:
    """The cells' first `channels` colours, turned: descriptors that another number's cannot be compared with."""
    turn = np.linalg.qr(np.random.default_rng(number).normal(size=(channels, channels)))[0]

    def describe(rgb: np.ndarray) -> np.ndarray:
        cells = rgb[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE, :channels]
        return (cells / 64.0 @ turn).astype(np.float32)

    return NewNetwork(describe, f"id{number}", f"network_{number}", float(STRIDE), Limits(**limits))


OLD, NEW = network(1), network(2, ambiguity_ratio=1.0)


def teach(store: DescriptorStore, keypoint: str, by: NewNetwork = OLD, cells: np.ndarray = CELL, **fields):
    """As the click at POINTS would."""
    u, v = POINTS[keypoint]
    rgb = enlarged(cells)
    vector = DescriptorGrid.from_array(by.describe(rgb), STRIDE, (HEIGHT, WIDTH)).sample(u, v)
    fields = {"camera": CAMERA, "picture": png(rgb), "network": by.name, "overwrite": True, **fields}
    return store.add("cap", keypoint, vector, by.model_id, u, v, **fields)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def store(path):
    opened = DescriptorStore(str(path))
    for keypoint in POINTS:
        teach(opened, keypoint)
    yield opened
    opened.close()


def described(store: DescriptorStore) -> dict[str, tuple[str, str, tuple[float, ...]]]:
    return {row.keypoint: (row.model_id, row.network, tuple(row.descriptor)) for row in store.get_all("cap")}


def test_rows_are_as_if_taught_by_the_new_network_and_can_be_as_before(store, tmp_path):
    before = described(store)
    names: list[str] = []
    result = redescribe(store, NEW, on_row=names.append)
    assert (result.described, result.not_found, result.left) == (3, [], [])
    assert names == ["cap/axis_a", "cap/axis_b", "cap/contact"]
    afresh = DescriptorStore(str(tmp_path / "afresh.db"))
    for keypoint in POINTS:
        teach(afresh, keypoint, NEW)
    assert described(store) == described(afresh)
    assert store.picture("cap", "contact")[1] == png(enlarged(CELL))
    assert undo_replacement(store) == 3 and described(store) == before
    with pytest.raises(StoreError, match="nothing to undo"):
        undo_replacement(store)


def test_two_descriptions_are_taken_back_one_by_one(store):
    before = described(store)
    redescribe(store, NEW)
    between = described(store)
    redescribe(store, network(3, channels=2))
    assert {len(vector) for _, _, vector in described(store).values()} == {2}
    assert undo_replacement(store) == 3 and described(store) == between
    assert undo_replacement(store) == 3 and described(store) == before


def test_what_is_taught_again_is_not_taken_back(store):
    redescribe(store, NEW)
    teach(store, "contact", NEW)
    store.delete("cap", "axis_a")
    assert undo_replacement(store) == 1
    assert {keypoint: one[0] for keypoint, one in described(store).items()} == {"axis_b": "id1", "contact": "id2"}


def test_what_the_new_network_does_not_find_in_its_own_picture_is_listed(store):
    """Around the contact all looks alike, so that Eq. 8 finds the first of it."""
    plain = CELL.copy()
    plain[:5, :7] = CELL[2, 3]
    teach(store, "contact", cells=plain)
    result = redescribe(store, NEW)
    assert result.described == 3 and len(result.not_found) == 1
    assert result.not_found[0].startswith("cap/contact, clicked at (30, 20), is found at (")


@pytest.mark.parametrize(
    ("limits", "word"),
    [({"found_threshold": 1.1}, "score"), ({"ambiguity_ratio": 0.0, "suppression_px": 4.0}, "rival")],
)
def test_thresholds_are_the_new_networks(store, limits, word):
    result = redescribe(store, network(2, **limits))
    assert len(result.not_found) == 3 and all(word in sentence for sentence in result.not_found)


def test_the_same_network_is_refused(store, path):
    with pytest.raises(RedescribeError, match="all 3 keypoints are described by it"):
        redescribe(store, OLD)
    redescribe(store, NEW)
    teach(store, "contact", OLD)
    assert redescribe(store, NEW).described == 1  # the other two are
    empty = DescriptorStore(str(path.with_name("empty.db")))
    with pytest.raises(RedescribeError, match="holds no keypoint"):
        redescribe(empty, NEW)


def test_rows_without_a_picture_are_named_or_skipped(store):
    teach(store, "contact", picture=b"")
    before = described(store)
    with pytest.raises(RedescribeError, match="1 of 3 keypoints have no picture to describe: cap/contact; teach"):
        redescribe(store, NEW)
    assert described(store) == before
    result = redescribe(store, NEW, skip_without_picture=True)
    assert (result.described, result.left) == (2, ["cap/contact has no picture"])
    assert described(store)["contact"] == before["contact"]


@pytest.mark.parametrize(("image", "word"), [(b"no image", "no image"), (png(enlarged(CELL[:4])), "96x32 px")])
def test_a_picture_that_is_none_leaves_its_row(store, image, word):
    teach(store, "contact", picture=image)
    result = redescribe(store, NEW)
    assert result.described == 2 and word in result.left[0]
    assert described(store)["contact"][0] == "id1"


def test_a_damaged_picture_leaves_its_row(store, path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE pictures SET image = x'00' WHERE descriptor_id = 1")
    result = redescribe(store, NEW)
    assert result.described == 2 and "cap/contact (row 1) is damaged" in result.left[0]


def test_a_row_that_changes_meanwhile_stays(store):
    def meanwhile(name: str) -> None:
        if name == "cap/contact":  # the last one: axis_a was read by then
            teach(store, "axis_a")

    result = redescribe(store, NEW, on_row=meanwhile)
    assert (result.described, result.left) == (2, ["cap/axis_a was taught again, renamed or removed meanwhile"])
    assert described(store)["axis_a"][0] == "id1"
    assert undo_replacement(store) == 2


def test_points_of_a_scanned_object_stay_as_they_are(store):
    """They are found by its pose, and their descriptor is that of many views."""
    teach(store, "contact", object_point=(0.01, 0.02, 0.03), scan="f" * 64, overwrite=True)
    before = described(store)["contact"]
    assert redescribe(store, NEW).described == 2
    assert described(store)["contact"] == before
    with pytest.raises(NothingToDescribeError, match="all 2 keypoints are described by it"):
        redescribe(store, NEW)
