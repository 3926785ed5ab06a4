import os
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing

import numpy as np
import pytest
from dense_grasp_core.store import (
    AlreadyExistsError,
    DamagedRowError,
    DescriptorStore,
    InvalidNameError,
    ModelMismatchError,
    StoreError,
    UnknownKeypointError,
    check_comparable,
)

MODEL = "0123456789abcdef"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "descriptors.db"


@pytest.fixture
def store(path):
    opened = DescriptorStore(f"sqlite:///{path}")
    yield opened
    opened.close()


def vector(value=0.5, dimension=64):
    return np.full(dimension, value, dtype=np.float32)


def test_round_trip(store):
    descriptor = np.random.default_rng(0).normal(size=64).astype(np.float32)
    added = store.add("cap", "contact", descriptor, MODEL, 320.5, 240.25, b"\x89PNG")
    found = store.get("cap", "contact")
    np.testing.assert_array_equal(found.descriptor, descriptor)
    np.testing.assert_array_equal(added.descriptor, descriptor)
    assert (found.id, found.u, found.v, found.patch) == (added.id, 320.5, 240.25, b"\x89PNG")
    assert (found.model_id, found.dimension, found.created) == (MODEL, 64, added.created)
    assert found.id > 0 and found.descriptor.dtype == np.float32


def test_list_is_ordered_and_by_object(store):
    for object_id, keypoint in (("mug", "handle"), ("cap", "contact"), ("cap", "axis_a")):
        store.add(object_id, keypoint, vector(), MODEL, 0, 0)
    assert [(row.object_id, row.keypoint) for row in store.list().entries] == [
        ("cap", "axis_a"),
        ("cap", "contact"),
        ("mug", "handle"),
    ]
    assert [row.keypoint for row in store.list("cap").entries] == ["axis_a", "contact"]
    assert store.list("none").entries == []


def test_an_existing_keypoint_is_replaced_only_on_request(store):
    first = store.add("cap", "contact", vector(0.1), MODEL, 1, 2)
    with pytest.raises(AlreadyExistsError, match=r"cap/contact.*overwrite"):
        store.add("cap", "contact", vector(0.2), MODEL, 3, 4)
    np.testing.assert_array_equal(store.get("cap", "contact").descriptor, first.descriptor)
    store.add("cap", "contact", vector(0.3, 8), MODEL, 5, 6, overwrite=True)
    assert store.get("cap", "contact").dimension == 8 and store.list().total == 1


def test_unknown_keypoints_are_named_with_what_there_is(store):
    store.add("cap", "contact", vector(), MODEL, 0, 0)
    with pytest.raises(UnknownKeypointError, match="cap/axis_a; cap has 1 keypoint, nearest: contact"):
        store.get("cap", "axis_a")
    with pytest.raises(UnknownKeypointError):
        store.delete("cap", "axis_a")
    with pytest.raises(UnknownKeypointError):
        store.delete("mug")


def test_delete_one_or_all(store):
    for keypoint in ("a", "b", "c"):
        store.add("cap", keypoint, vector(), MODEL, 0, 0)
    store.add("mug", "a", vector(), MODEL, 0, 0)
    assert store.delete("cap", "b") == 1
    assert store.delete("cap") == 2
    assert [row.object_id for row in store.list().entries] == ["mug"]


@pytest.mark.parametrize("name", ["", "a" * 65, "cap 1", "käppi", "a/b", "a\n", "'; drop table"])
def test_invalid_names(store, name):
    with pytest.raises(InvalidNameError, match=r"expected 1\.\.64"):
        store.add(name, "contact", vector(), MODEL, 0, 0)
    with pytest.raises(InvalidNameError, match="keypoint"):
        store.add("cap", name, vector(), MODEL, 0, 0)


@pytest.mark.parametrize("bad", [np.zeros((2, 3)), np.zeros(0), np.array([1.0, np.nan])])
def test_descriptors_that_are_none(store, bad):
    with pytest.raises(StoreError, match="expected"):
        store.add("cap", "contact", bad, MODEL, 0, 0)
    with pytest.raises(StoreError, match="model_id"):
        store.add("cap", "contact", vector(), "", 0, 0)
    assert store.list().entries == []


def test_other_models_and_dimensions_are_never_compared(store):
    row = store.add("cap", "contact", vector(), MODEL, 0, 0)
    check_comparable(row, MODEL, 64)
    for model_id, dimension in (("f" * 16, 64), (MODEL, 32)):
        with pytest.raises(ModelMismatchError, match=r"cap/contact.*D = 64.*expected"):
            check_comparable(row, model_id, dimension)


def test_sqlite_is_set_up_to_lose_nothing(store):
    def pragma(name):
        return store._database.run(lambda connection: connection.exec_driver_sql(f"PRAGMA {name}").scalar())

    assert pragma("journal_mode") == "delete"
    assert pragma("synchronous") == 3  # EXTRA: the folder too is on the disk when a transaction ends


def test_a_plain_path_and_memory_work(tmp_path):
    store = DescriptorStore(str(tmp_path / "new" / "folder" / "x.db"))
    store.add("cap", "contact", vector(), MODEL, 0, 0)
    assert (tmp_path / "new" / "folder" / "x.db").is_file()
    memory = DescriptorStore("sqlite://")
    memory.add("cap", "contact", vector(), MODEL, 0, 0)
    names: list[str] = []
    thread = threading.Thread(target=lambda: names.extend(row.keypoint for row in memory.list().entries))
    thread.start()
    thread.join()
    assert names == ["contact"]


def test_two_stores_on_one_file_see_each_other_at_once(store, path):
    other = DescriptorStore(str(path))
    store.add("cap", "contact", vector(0.1), MODEL, 0, 0)
    assert other.get("cap", "contact").dimension == 64
    other.delete("cap")
    assert store.list().entries == []


def test_threads_and_stores_write_together(path):
    stores = [DescriptorStore(str(path)) for _ in range(2)]
    errors = []

    def write(index):
        try:
            for step in range(15):
                stores[index % 2].add("cap", f"k{index}_{step}", vector(index), MODEL, 0, 0)
                stores[index % 2].add("cap", "shared", vector(index), MODEL, 0, 0, overwrite=True)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert stores[0].list().total == 61


def run(code, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def test_what_was_acknowledged_survives_kill_9(path):
    process = run(
        """
        import sys, itertools, numpy as np
        from dense_grasp_core.store import DescriptorStore
        store = DescriptorStore(sys.argv[1])
        for i in itertools.count():
            store.add("cap", f"k{i}", np.full(64, i, np.float32), "m", i, 0)
            print(i, flush=True)
        """,
        path,
    )
    acknowledged = -1
    assert process.stdout is not None
    for line in process.stdout:
        acknowledged = int(line)
        if acknowledged >= 25:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.stdout.read()
    assert process.wait() == -signal.SIGKILL
    rows = {row.keypoint: row for row in DescriptorStore(str(path)).get_all("cap")}
    for i in range(acknowledged + 1):
        np.testing.assert_array_equal(rows[f"k{i}"].descriptor, np.full(64, i, np.float32))
    assert len(rows) - (acknowledged + 1) >= 0


def test_a_full_disk_is_an_error_and_keeps_what_was_there(path):
    before = DescriptorStore(str(path))
    before.add("cap", "kept", vector(), MODEL, 0, 0)
    before.close()
    size = path.stat().st_size

    def limit_file_size():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200_000, size + 200_000))

    process = run(
        """
        import sys, numpy as np
        from dense_grasp_core.store import DescriptorStore, StoreError
        store = DescriptorStore(sys.argv[1])
        try:
            store.add("cap", "big", np.ones(64), "m", 0, 0, patch=bytes(2_000_000))
        except StoreError as error:
            print("refused", error)
        print("still readable", [row.keypoint for row in store.list().entries])
        """,
        path,
        preexec_fn=limit_file_size,
    )
    output, _ = process.communicate(timeout=60)
    assert "refused descriptor store" in output and "descriptors.db" in output
    assert "still readable ['kept']" in output
    assert [row.keypoint for row in DescriptorStore(str(path)).list().entries] == ["kept"]


def test_a_file_that_is_no_database_is_named(path):
    path.write_bytes(b"this is a text, not a database" * 100)
    with pytest.raises(StoreError, match=r"descriptors\.db.*not a database"):
        DescriptorStore(str(path))
    assert path.read_bytes().startswith(b"this is a text"), "the file is left as it is"


def test_a_damaged_database_is_named(path):
    store = DescriptorStore(str(path))
    for index in range(200):
        store.add("cap", f"k{index}", vector(index), MODEL, 0, 0)
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:-4096] = bytes(len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"descriptors\.db"):
        DescriptorStore(str(path)).list()


def test_a_truncated_vector_is_never_returned(store, path):
    store.add("cap", "contact", vector(), MODEL, 0, 0)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE descriptors SET descriptor = x'00000000'")
    with pytest.raises(DamagedRowError, match=r"contact \(row 1\) is damaged: its vector has 1 numbers, expected 64"):
        store.get("cap", "contact")


def test_another_schema_version_is_refused(store, path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE dense_grasp_schema SET version = 99")
    with pytest.raises(StoreError, match=r"schema 99, expected 1\.\.5"):
        DescriptorStore(str(path))


@pytest.mark.parametrize("url", ["nonsense://x", "sqlite:////proc/none/x.db", "postgresql+missing://u:secret@h/d"])
def test_urls_that_open_nothing(url):
    with pytest.raises(StoreError) as caught:
        DescriptorStore(url)
    assert "secret" not in str(caught.value)
