"""check_cell's line about the descriptor store."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from dense_grasp.cell.files import check_store_file
from dense_grasp.perception.network_files import configured_networks
from dense_grasp_core.store import DescriptorStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def test_a_store_in_order(path):
    store = DescriptorStore(str(path))
    store.add("cap", "contact", np.ones(4), "m", 1.0, 2.0)
    check = check_store_file(str(path))
    assert check.ok and "1 taught keypoints" in check.seen


def test_points_whose_network_is_nowhere_are_named(path):
    networks = configured_networks("")
    shipped = networks.files()[0].info.model_id
    store = DescriptorStore(str(path))
    store.add("cap", "contact", np.ones(4), shipped, 1.0, 2.0)
    store.add("mug", "contact", np.ones(4), "0123456789abcdef", 1.0, 2.0, object_point=(0.0, 0.0, 0.1))
    assert "cannot be found" not in check_store_file(str(path), networks).seen
    store.add("cap", "axis_a", np.ones(4), "0123456789abcdef", 1.0, 2.0)
    check = check_store_file(str(path), networks)
    assert check.ok and "1 keypoint cannot be found" in check.seen and "models: cap/axis_a" in check.seen
    store.close()


def test_a_store_that_is_not_there_is_not_made(path):
    check = check_store_file(str(path))
    assert check.ok and "query_node makes it" in check.seen
    assert not path.exists()


def test_damage_is_said(path):
    store = DescriptorStore(str(path))
    store.add("cap", "contact", np.ones(4), "m", 1.0, 2.0)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE descriptors SET dimension = 5")
    check = check_store_file(str(path))
    assert not check.ok and "1 rows are damaged: cap/contact (row 1)" in check.seen
    path.write_bytes(b"no database" * 500)
    assert not check_store_file(str(path)).ok
