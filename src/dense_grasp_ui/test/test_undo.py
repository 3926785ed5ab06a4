"""What undo takes back, and what has changed since and stays."""

from types import SimpleNamespace

import pytest
from dense_grasp_ui.undo import RenamedChange, TaughtChange, UndoError


class Rows:
    """The store's rows, (object, keypoint) by id."""

    def __init__(self, **rows):
        self.rows = {int(name[1:]): tuple(value.split("/")) for name, value in rows.items()}

    def taught(self, object_id):
        return [SimpleNamespace(id=i, keypoint=k) for i, (o, k) in self.rows.items() if o == object_id]

    def forget(self, object_id, keypoint):
        self.rows = {i: row for i, row in self.rows.items() if row != (object_id, keypoint)}
        return 1

    def rename(self, object_id, keypoint, new_name):
        for i, (found, point) in self.rows.items():
            if found == object_id and not keypoint:
                self.rows[i] = new_name, point
            elif (found, point) == (object_id, keypoint):
                self.rows[i] = found, new_name
        return 1


def test_a_taught_point_is_forgotten():
    store = Rows(r1="cap/contact", r2="cap/axis_a")
    change = TaughtChange("cap", "contact", 1)
    assert "cap/contact" in change.sentence and "no longer taught" in change.take_back(store)
    assert store.rows == {2: ("cap", "axis_a")}


@pytest.mark.parametrize("rows", [{"r7": "cap/contact"}, {}])
def test_a_point_that_was_taught_anew_or_deleted_since_stays(rows):
    store = Rows(**rows)
    with pytest.raises(UndoError, match="cap/contact was taught anew, renamed or deleted since"):
        TaughtChange("cap", "contact", 1).take_back(store)
    assert store.rows == Rows(**rows).rows


def test_names_come_back():
    store = Rows(r1="lid/rim", r2="lid/axis_a")
    RenamedChange("lid", "contact", "rim").take_back(store)
    RenamedChange("cap", "", "lid").take_back(store)
    assert store.rows == {1: ("cap", "contact"), 2: ("cap", "axis_a")}
