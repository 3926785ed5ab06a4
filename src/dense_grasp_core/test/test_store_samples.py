"""Several samples of one keypoint, each a row of its own."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.locate import DescribedFrame, Limits, MatchCode, locate
from dense_grasp_core.store import AlreadyExistsError, DescriptorStore, SampleError, UnknownKeypointError
from dense_grasp_core.store.samples import MAX_SAMPLES

CAMERA = CameraModel(64, 48, 60.0, 60.0, 31.5, 23.5)


@pytest.fixture
def store(tmp_path):
    opened = DescriptorStore(str(tmp_path / "store.db"))
    teach(opened, 1.0)
    yield opened
    opened.close()


def teach(store, value, as_sample=False, keypoint="contact", **fields):
    fields = {"camera": CAMERA, "picture": bytes([int(value)]) * 9, **fields}
    return store.add(
        "cap", keypoint, np.full(4, value), fields.pop("model_id", "m"), 1.0, 2.0, as_sample=as_sample, **fields
    )


def values(store, keypoint="contact"):
    row = store.get("cap", keypoint)
    return [float(each.descriptor[0]) for each in (row, *row.further)]


def test_samples_are_kept_beside_each_other_and_one_keypoint_is_listed(store):
    added = [teach(store, value, as_sample=True) for value in (2.0, 3.0)]
    teach(store, 9.0, keypoint="axis_a")
    assert [row.sample for row in added] == [1, 2]
    assert values(store) == [1.0, 2.0, 3.0] and values(store, "axis_a") == [9.0]
    assert [(e.keypoint, e.samples) for e in store.list().entries] == [("axis_a", 1), ("contact", 3)]
    assert store.list().total == store.list("cap").total == 2
    assert [(e.keypoint, e.sample) for e in store.every_sample()] == [
        ("axis_a", 0),
        ("contact", 0),
        ("contact", 1),
        ("contact", 2),
    ]
    assert [row.keypoint for row in store.get_all("cap")] == ["axis_a", "contact"]
    assert store.picture("cap", "contact", 2)[1] == bytes([3]) * 9
    with pytest.raises(SampleError, match="has no sample 3; it has 0, 1, 2"):
        store.picture("cap", "contact", 3)


def test_they_share_their_keypoints_fate(store):
    teach(store, 2.0, as_sample=True)
    assert store.rename("cap", "contact", "rim") == 1
    assert values(store, "rim") == [1.0, 2.0]
    assert store.rename("cap", "", "hat") == 1 and store.rename("hat", "", "cap") == 1
    assert store.delete("cap", "rim") == 1 and store.list().total == 0
    assert store.restore("cap", "rim") == 2 and values(store, "rim") == [1.0, 2.0]
    teach(store, 5.0, keypoint="rim", overwrite=True)
    assert values(store, "rim") == [5.0]


def test_the_last_sample_is_taken_away_and_comes_back(store):
    teach(store, 2.0, as_sample=True)
    assert store.delete("cap", "contact", last_sample=True) == 0
    assert values(store) == [1.0]
    assert store.restore("cap", "contact") == 1 and values(store) == [1.0, 2.0]
    store.delete("cap", "contact", last_sample=True)
    teach(store, 3.0, as_sample=True)
    with pytest.raises(AlreadyExistsError, match="a newer sample 1"):
        store.restore("cap", "contact")
    store.delete("cap", "contact", last_sample=True)
    with pytest.raises(SampleError, match="has one sample"):
        store.delete("cap", "contact", last_sample=True)
    with pytest.raises(UnknownKeypointError):
        store.delete("cap", "brim", last_sample=True)


@pytest.mark.parametrize(
    ("first", "more", "error", "said"),
    [
        ({}, {"keypoint": "brim"}, UnknownKeypointError, "teach it once before"),
        ({}, {"model_id": "other"}, SampleError, "describe the store for it"),
        ({}, {"object_point": (0.0, 0.0, 0.1)}, SampleError, "a point of a scan"),
        ({"object_point": (0.0, 0.0, 0.1)}, {}, SampleError, "a point of a scan"),
        ({}, {"overwrite": True}, SampleError, "overwritten and to get one more"),
    ],
)
def test_what_is_no_sample_of_the_point_is_refused(store, first, more, error, said):
    teach(store, 1.0, overwrite=True, **first)
    with pytest.raises(error, match=said):
        teach(store, 2.0, as_sample=True, **more)
    assert values(store) == [1.0]


def test_there_is_a_limit(store):
    for _ in range(MAX_SAMPLES - 1):
        teach(store, 2.0, as_sample=True)
    with pytest.raises(SampleError, match=f"expected at most {MAX_SAMPLES}"):
        teach(store, 2.0, as_sample=True)


def frame(seed):
    """Descriptors of a picture whose cells are all far from each other."""
    features = np.random.default_rng(seed).normal(size=(6, 8, 16)).astype(np.float32)
    grid = DescriptorGrid.from_array(features, 8.0, (48, 64))
    return DescribedFrame(grid, np.full((48, 64), 0.5, np.float32), CAMERA, 0.0, "m", np.eye(4))


def test_eq_8_takes_the_nearest_sample(store):
    """One picture shows the point as the first sample does, the other as the second: each alone is blind for one."""
    one, other = frame(1), frame(2)
    seen = [(one, (20.0, 12.0)), (other, (44.0, 36.0))]
    for index, (picture, pixel) in enumerate(seen):
        vector = picture.grid.sample(*pixel)
        store.add("cap", "rim", vector, "m", *pixel, camera=CAMERA, as_sample=index == 1)
    row = store.get("cap", "rim")
    limits = Limits(temperature=0.5, suppression_px=8.0)
    for picture, pixel in seen:
        match = locate(picture, row, limits, object_id="cap", keypoint="rim")
        assert match.code == MatchCode.OK and np.hypot(match.u - pixel[0], match.v - pixel[1]) < 2.0
    alone = locate(one, row.further[0], limits, object_id="cap", keypoint="rim")
    assert alone.code == MatchCode.LOW_SCORE


def test_a_damaged_sample_number_is_a_damaged_row(store, tmp_path):
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute("UPDATE descriptors SET sample = 'first'")
    assert store.list().entries == []
    assert [sentence for _, sentence in store.damaged() if "cap/contact" in sentence]
