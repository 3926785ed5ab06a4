"""What undo takes back, and what has changed since and stays."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
from dense_grasp_ui.undo import LostChange, RenamedChange, TaughtChange, UndoError, before_loss, is_clicked_in_scan


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


class ScanStore:
    """One keypoint, cap/contact, of a scanned object."""

    def __init__(self, scan_view=3, x=0.01, created=5):
        point = SimpleNamespace(x=x, y=0.0, z=0.0)
        row = SimpleNamespace(id=1, keypoint="contact", u=20.5, v=30.25, scan_view=scan_view, object_point=point)
        self.rows, self.created, self.scans = [row], created, self

    def summaries(self, object_id):
        return [SimpleNamespace(created=SimpleNamespace(sec=self.created, nanosec=7))] if self.created else []

    def taught(self, object_id):
        return list(self.rows)

    def forget(self, object_id, keypoint):
        self.rows = []

    def teach(self, object_id, keypoint, u, v, overwrite=False, scan_view=None):
        assert overwrite is bool(self.rows)
        point = SimpleNamespace(x=0.0, y=0.0, z=0.0)
        self.rows = [SimpleNamespace(id=8, keypoint=keypoint, u=u, v=v, scan_view=scan_view, object_point=point)]
        return self.rows[0]

    @property
    def click(self):
        return [(row.keypoint, row.u, row.v, row.scan_view) for row in self.rows]


def test_a_point_clicked_in_the_scan_comes_back_after_its_deletion_and_its_replacement():
    store = ScanStore()
    before, lost = store.click, before_loss(store, "cap", "contact")
    store.forget("cap", "contact")
    assert lost.sentence == "Undo: do not delete cap/contact"
    lost.take_back(store)
    assert store.click == before
    row = store.teach("cap", "contact", 1.0, 2.0, overwrite=True, scan_view=0)
    replaced = replace(lost, replaced_by=row.id)
    assert replaced.sentence == "Undo: do not replace cap/contact"
    replaced.take_back(store)
    assert store.click == before


def test_what_undo_cannot_bring_back_as_it_was_is_not_offered():
    on_the_image, of_another_scan = ScanStore(scan_view=-1), ScanStore(x=math.nan)
    for store in (on_the_image, of_another_scan):
        assert not is_clicked_in_scan(store.rows[0]) and before_loss(store, "cap", "contact") is None
    assert (
        before_loss(ScanStore(), "cap", "rim") is None and before_loss(ScanStore(created=0), "cap", "contact") is None
    )


def test_a_point_that_is_there_again_or_whose_scan_was_replaced_stays_as_it_is():
    lost = LostChange("cap", "contact", 20.5, 30.25, 3, (5, 7))
    again, rescanned = ScanStore(), ScanStore(created=6)
    rescanned.forget("cap", "contact")
    for store, told in ((again, "taught anew"), (rescanned, "scanned anew since")):
        before = store.click
        with pytest.raises(UndoError, match=told):
            lost.take_back(store)
        assert store.click == before
