"""What a large or partly damaged store answers: pages, nearest names, the other rows; and how little it reads."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
import sqlalchemy as sa
from dense_grasp_core.store import MAX_ROWS, DamagedRowError, DescriptorStore, TooManyRowsError, UnknownKeypointError
from dense_grasp_core.store.schema import SCHEMA_VERSION, descriptors, key, selected

ROWS = 2500


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """2500 rows of 25 objects."""
    path = tmp_path_factory.mktemp("store") / "large.db"
    store = DescriptorStore(str(path))
    store.add("object_00", "kp_00", np.ones(4), "m", 1.0, 2.0, b"patch" * 2000)
    with closing(sqlite3.connect(path)) as connection, connection:
        names = [column.name for column in descriptors.c if column.name not in ("id", "object_id", "keypoint")]
        for index in range(1, ROWS):
            connection.execute(
                f"INSERT INTO descriptors (object_id, keypoint, {', '.join(names)}) SELECT ?, ?, {', '.join(names)} "
                "FROM descriptors WHERE id = 1",
                (f"object_{index // 100:02}", f"kp_{index % 100:02}"),
            )
    yield store
    store.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def test_pages_hold_every_row_once_and_in_order(large):
    seen = []
    while len(seen) < large.list(limit=0).total:
        page = large.list(offset=len(seen), limit=700)
        assert page.total == ROWS and 0 < len(page.entries) <= 700
        seen += [(entry.object_id, entry.keypoint) for entry in page.entries]
    assert seen == sorted(set(seen)) and len(seen) == ROWS
    of_object = large.list("object_07", offset=90)
    assert (len(of_object.entries), of_object.total, of_object.entries[0].keypoint) == (10, 100, "kp_90")


@pytest.mark.parametrize("limit", [MAX_ROWS, MAX_ROWS + 1, 10**9])
def test_an_answer_is_bounded(large, limit):
    assert len(large.list(limit=limit).entries) == MAX_ROWS
    assert large.list(offset=10**9).entries == []


@pytest.mark.parametrize(
    ("object_id", "keypoint", "expected"),
    [
        ("object_07", "kp_1", "object_07 has 100 keypoints, nearest: kp_1"),
        ("object_07", "zzz", "object_07 has 100 keypoints, nearest: "),
        ("objekt_07", "kp_01", "it holds 2500 keypoints, nearest objects: object_07"),
        ("Zebra", "kp_01", "it holds 2500 keypoints, nearest objects: object_"),
    ],
)
def test_an_unknown_name_is_answered_with_a_few_nearest_ones(large, object_id, keypoint, expected):
    with pytest.raises(UnknownKeypointError, match=expected) as caught:
        large.get(object_id, keypoint)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("name", ["", "a b", "x" * 10**6, "\udcff", "\U0010ffff", "a\0b"], ids=range(6))
def test_a_name_that_can_be_none_is_unknown(large, name):
    for call in (
        lambda: large.get(name, "kp"),
        lambda: large.get("object_00", name),
        lambda: large.delete(name),
    ):
        with pytest.raises(UnknownKeypointError) as caught:
            call()
        assert len(str(caught.value)) < 250
    assert large.list(name or "?").entries == []


def test_more_keypoints_at_once_than_an_answer_holds_are_refused(path):
    store = DescriptorStore(str(path))
    store.add("cap", "first", np.ones(4), "m", 1.0, 2.0)
    with pytest.raises(TooManyRowsError, match="more than 1000 samples of cap asked for at once; name fewer"):
        store.get_all("cap", ["first"] * (MAX_ROWS + 1))


def plan(store, query):
    text = str(query.compile(dialect=sa.dialects.sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    return store._database.run(
        lambda connection: " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))
    )


def test_every_query_goes_by_an_index(large):
    names = (descriptors.c.object_id, descriptors.c.keypoint)
    page = sa.select(*selected(SCHEMA_VERSION, with_bytes=False)).order_by(*names).limit(10).offset(5)
    counted = sa.select(sa.func.count()).select_from(descriptors)
    for query in (
        page,
        page.where(names[0] == "cap"),
        counted,
        counted.where(names[0] == "cap"),
        sa.select(*selected(SCHEMA_VERSION, with_bytes=True)).where(key("cap", "contact")),
        sa.select(names[0]).distinct().where(names[0] >= "c", names[0] < "d").order_by(names[0]).limit(5),
    ):
        found = plan(large, query)
        assert "INDEX" in found and "TEMP B-TREE" not in found, found


def test_a_list_reads_no_bytes(large):
    page = {column.name for column in selected(SCHEMA_VERSION, with_bytes=False)}
    assert not page & {"descriptor", "patch"}


DAMAGES = [
    "descriptor = x'00000000'",
    "descriptor = 'text'",
    "dimension = -4",
    "dimension = 'four'",
    "model_id = ''",
    "created = 'yesterday'",
    "u = 9e999",
    "keypoint = CAST(x'ff00fe' AS TEXT)",
    "object_id = 'a b'",
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_row_leaves_the_others(path, damage):
    store = DescriptorStore(str(path))
    for keypoint in ("first", "second", "third"):
        store.add("cap", keypoint, np.ones(4), "m", 1.0, 2.0)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE descriptors SET {damage} WHERE keypoint = 'second'")
    page = store.list()
    assert [entry.keypoint for entry in page.entries] == ["first", "third"]
    assert page.total == 3 and len(page.damaged) == 1 and "(row 2) is damaged: " in page.damaged[0]
    assert store.get("cap", "third").u == 1.0
    assert [row_id for row_id, _ in store.damaged()] == [2]
    store.delete_row(2)
    assert store.list().damaged == [] and store.list().total == 2
    with pytest.raises(UnknownKeypointError):
        store.delete_row(2)


def test_a_vector_of_nonsense_is_found_where_vectors_are_read(path):
    store = DescriptorStore(str(path))
    store.add("cap", "first", np.ones(4), "m", 1.0, 2.0)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE descriptors SET descriptor = x'0000c07f0000c07f0000c07f0000c07f'")
    with pytest.raises(DamagedRowError, match="not finite"):
        store.get("cap", "first")
    assert [row_id for row_id, _ in store.damaged()] == [1]
    store.add("cap", "first", np.ones(4), "m", 1.0, 2.0, overwrite=True)
    assert list(store.damaged()) == []
