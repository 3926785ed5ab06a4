"""The file of a SQLite store: removed, replaced, read-only, without shared memory, and things that are no such file."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.store import DescriptorStore, ReadOnlyError, StoreError, StoreMissingError

VERSION_1 = Path(__file__).parent / "data" / "store_v1.db"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def add(store, keypoint, **options):
    return store.add("cap", keypoint, np.ones(8, np.float32), "m", 1.0, 2.0, **options)


def names(store):
    return [entry.keypoint for entry in store.list().entries]


def files_of(path):
    return [path, *(Path(f"{path}{suffix}") for suffix in ("-journal", "-wal", "-shm"))]


@pytest.fixture
def store(path):
    opened = DescriptorStore(str(path))
    add(opened, "first")
    yield opened
    opened.close()


# removed


def test_a_removed_store_acknowledges_nothing_and_is_not_made_anew(store, path):
    for file in files_of(path):
        file.unlink(missing_ok=True)
    for call in (
        lambda: add(store, "second"),
        lambda: store.get("cap", "first"),
        store.list,
        lambda: store.delete("cap"),
    ):
        with pytest.raises(StoreMissingError, match=r"store\.db is not there any more.*restore.*restart"):
            call()
    assert not path.exists()


def test_a_store_that_came_back_is_used_again(store, path):
    path.rename(f"{path}.away")
    with pytest.raises(StoreMissingError):
        store.list()
    Path(f"{path}.away").rename(path)
    add(store, "second")
    assert names(store) == names(DescriptorStore(str(path))) == ["first", "second"]


def test_a_file_removed_within_the_transaction_acknowledges_nothing(store, path):
    def remove(connection):
        connection.exec_driver_sql("DELETE FROM descriptors")
        path.unlink()

    with pytest.raises(StoreMissingError):
        store._database.run(remove, write=True)


@pytest.mark.parametrize("content", [b"", b"no database" * 500])
def test_a_store_that_was_emptied_or_overwritten_is_no_new_store(store, path, content):
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"store\.db"):
        add(store, "second")
    store.close()
    with pytest.raises(StoreError, match=r"store\.db"):
        DescriptorStore(str(path), create=False)
    assert path.read_bytes() == content


def test_a_folder_that_was_removed(store, path):
    shutil.rmtree(path.parent)
    with pytest.raises(StoreMissingError):
        add(store, "second")


# replaced


@pytest.mark.parametrize("replace", [os.replace, shutil.copyfile], ids=["moved over", "copied into"])
def test_a_backup_moved_over_a_store_in_use_is_what_there_is(store, path, replace):
    backup = path.with_name("backup.db")
    shutil.copyfile(path, backup)
    for index in range(30):
        add(store, f"later{index}")
    replace(backup, path)
    assert names(store) == ["first"]
    add(store, "second")
    store.close()
    assert names(DescriptorStore(str(path))) == ["first", "second"]


def test_a_row_is_written_again_when_the_file_is_replaced_within_the_transaction(store, path):
    backup = path.with_name("backup.db")
    shutil.copyfile(path, backup)
    tries = []

    def write(connection):
        connection.exec_driver_sql("UPDATE descriptors SET u = 50")
        if not tries:
            os.replace(backup, path)
        tries.append(1)

    store._database.run(write, write=True)
    assert len(tries) == 2
    store.close()
    assert DescriptorStore(str(path)).get("cap", "first").u == 50


def log_of_other_store(path):
    """A store with a write-ahead log, as a killed dense_grasp 0.1.0 left it: its rows are in the log."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("UPDATE descriptors SET keypoint = 'of_the_log' WHERE keypoint = 'first'")
        connection.commit()
        return {name: Path(f"{path}{name}").read_bytes() for name in ("", "-wal", "-shm")}


def test_a_log_left_behind_does_not_get_into_a_backup_moved_over(store, path):
    backup = path.with_name("backup.db")
    shutil.copyfile(path, backup)
    store.close()
    for suffix, content in log_of_other_store(path).items():
        Path(f"{path}{suffix}").write_bytes(content)
    os.replace(backup, path)
    opened = DescriptorStore(str(path))
    assert names(opened) == ["first"]
    assert "belonged to another file" in " ".join(opened.notes)
    assert len(list(path.parent.glob("store.db-wal.of-another-file-*"))) == 1


def test_a_log_that_sqlite_would_replay_is_a_real_trap(store, path):
    """What the test above guards against: SQLite itself writes the old log over the backup."""
    backup = path.with_name("backup.db")
    shutil.copyfile(path, backup)
    store.close()
    for suffix, content in log_of_other_store(path).items():
        Path(f"{path}{suffix}").write_bytes(content)
    os.replace(backup, path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT keypoint FROM descriptors").fetchall() == [("of_the_log",)]


def test_a_store_that_an_older_process_holds_open_stays_in_its_log_until_it_is_free(path):
    shutil.copy(VERSION_1, path)
    with closing(sqlite3.connect(path)) as old:
        old.execute("SELECT count(*) FROM descriptors").fetchall()
        store = DescriptorStore(str(path))
        assert "keeps its write-ahead log" in " ".join(store.notes)
        add(store, "new")
        # A backup moved over now: the log that both have open belongs to the former file.
        backup = path.with_name("backup.db")
        shutil.copy(VERSION_1, backup)
        os.replace(backup, path)
        assert "new" not in names(store)
        add(store, "newer")
        assert "newer" in names(DescriptorStore(str(path)))
    assert store._database.journal_mode == "delete"


# read-only


@pytest.fixture
def read_only(tmp_path):
    """Makes a folder read-only for everybody, root too; undone at the end."""
    mounted = []

    def mount(folder):
        done = subprocess.run(["mount", "--bind", folder, folder], capture_output=True)
        if done.returncode == 0:
            mounted.append(folder)
            done = subprocess.run(["mount", "-o", "remount,ro,bind", folder], capture_output=True)
        if done.returncode != 0:
            pytest.skip(f"a folder cannot be mounted read-only here: {done.stderr.decode().strip()}")

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


def check_reading_alone(store):
    assert store.get("cap", "first").u == 1.0
    assert names(store) == ["first"]
    with pytest.raises(ReadOnlyError, match="is read-only, nothing was written; make"):
        add(store, "second")
    with pytest.raises(ReadOnlyError):
        store.delete("cap")
    assert "read-only" in " ".join(store.notes)


def test_a_read_only_file_system_can_be_read(store, path, read_only):
    read_only(path.parent)
    check_reading_alone(store)
    check_reading_alone(DescriptorStore(str(path)))


def test_a_read_only_store_of_0_1_0_can_be_read(path, read_only):
    shutil.copy(VERSION_1, path)
    read_only(path.parent)
    store = DescriptorStore(str(path))
    assert names(store) == ["axis_a", "contact", "handle"]
    assert store.get("cap", "contact").camera is None
    with pytest.raises(ReadOnlyError):
        add(store, "second")


def test_rows_in_the_log_of_0_1_0_are_read_from_a_read_only_file_system(store, path, read_only):
    store.close()
    for suffix, content in log_of_other_store(path).items():
        if suffix != "-shm":
            Path(f"{path}{suffix}").write_bytes(content)
    read_only(path.parent)
    assert names(DescriptorStore(str(path))) == ["of_the_log"]


@pytest.fixture
def nobody():
    """Runs a program as another user, on a folder that this user may enter but not write."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")

    def run(folder, code):
        prologue = """
            import os, sys
            sys.path[:] = sys.argv[2].split(os.pathsep)
            import numpy as np
            from dense_grasp_core.store import DescriptorStore, StoreError
            os.setgid(65534), os.setuid(65534)
        """
        program = textwrap.dedent(prologue) + textwrap.dedent(code)
        command = [sys.executable, "-c", program, f"{folder}/store.db", os.pathsep.join(sys.path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are for their owner alone
        Path(folder).chmod(0o755)
        yield run, Path(folder)


def test_a_user_who_may_not_write(nobody):
    run, folder = nobody
    add(DescriptorStore(f"{folder}/store.db"), "first")
    printed = run(
        folder,
        """
        store = DescriptorStore(sys.argv[1])
        print([entry.keypoint for entry in store.list().entries])
        try:
            store.add("cap", "second", np.ones(8), "m", 1.0, 2.0)
        except StoreError as error:
            print(error)
        """,
    )
    assert "['first']" in printed and "read-only, nothing was written" in printed


def test_a_folder_that_may_not_be_entered(nobody):
    run, folder = nobody
    add(DescriptorStore(f"{folder}/store.db"), "first")
    folder.chmod(0o700)
    code = """
        try:
            DescriptorStore(sys.argv[1])
        except StoreError as error:
            print(error)
        """
    assert "store.db cannot be reached: Permission denied; check its folders" in run(folder, code)


# no shared memory


def test_nothing_needs_shared_memory(path):
    """As on a network file system: SQLite cannot make the file that it would share for a write-ahead log."""
    Path(f"{path}-shm").symlink_to("/none/none")
    store = DescriptorStore(str(path))
    add(store, "first")
    assert names(DescriptorStore(str(path))) == ["first"]


def test_a_store_of_0_1_0_is_converted_where_there_is_no_shared_memory(path):
    shutil.copy(VERSION_1, path)
    Path(f"{path}-shm").symlink_to("/none/none")
    store = DescriptorStore(str(path))
    add(store, "new")
    assert store._database.journal_mode == "delete"
    assert names(DescriptorStore(str(path))) == ["axis_a", "contact", "new", "handle"]


def test_options_of_sqlite_reach_it(path):
    store = DescriptorStore(f"sqlite:///file:{path}?vfs=unix-dotfile&uri=true")
    add(store, "first")
    assert names(DescriptorStore(f"sqlite:///{path}")) == ["first"]
    with pytest.raises(StoreError, match="has option shm, expected one of vfs"):
        DescriptorStore(f"sqlite:///{path}?shm=no")


# no such file


def test_a_folder_is_no_store(tmp_path):
    with pytest.raises(StoreError, match=r"is a folder, expected a database file; name a file in it"):
        DescriptorStore(str(tmp_path))


def test_names_with_signs_of_a_uri(tmp_path):
    path = tmp_path / "a b#c%d?.db"
    add(DescriptorStore(str(path)), "first")
    assert names(DescriptorStore(str(path))) == ["first"]
    assert path.exists()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nonsense://x", "expected a file, sqlite:///FILE, or the URL of a database whose driver is installed"),
        ("sqlite+missing:///x.db", "names driver sqlite\\+missing, expected sqlite"),
        ("sqlite:////proc/none/x.db", "cannot be opened"),
        ("://", "expected a file"),
    ],
)
def test_urls_are_answered_with_what_is_expected(url, expected):
    with pytest.raises(StoreError, match=expected):
        DescriptorStore(url)


def test_another_writer_that_does_not_end_is_named(store, path, monkeypatch):
    monkeypatch.setattr("dense_grasp_core.store.sqlite_file.BUSY_TIMEOUT_S", 0.05)
    store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert names(store) == ["first"]
        with pytest.raises(StoreError, match=r"locked; another process kept it locked"):
            add(store, "second")
