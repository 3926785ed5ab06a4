"""What undo takes back, and what has changed since and stays. Against the store itself, by the calls of GraspClient."""

import numpy as np
import pytest
from dense_grasp_core.store import DescriptorStore, StoreError
from dense_grasp_core.store.former import replace_descriptors, undo_replacement
from dense_grasp_ui.undo import LostChange, RedescribedChange, RenamedChange, SampleChange, TaughtChange, UndoError


class Client:
    """GraspClient's calls, on a store in this process."""

    def __init__(self, path):
        self.store = DescriptorStore(str(path))

    def teach(self, name, u=1.0, **how):
        object_id, keypoint = name.split("/")
        return self.store.add(object_id, keypoint, np.ones(4), "m", u, 2.0, **how).id

    def taught(self, object_id):
        return self.store.list(object_id).entries

    def forget(self, object_id, keypoint, *, last_sample=False):
        return self.store.delete(object_id, keypoint, last_sample)

    def restore(self, object_id, keypoint, overwrite=False):
        return self.store.restore(object_id, keypoint, overwrite)

    def rename(self, object_id, keypoint, new_name):
        return self.store.rename(object_id, keypoint, new_name)

    def redescribe(self, *, undo):
        assert undo
        return undo_replacement(self.store)

    @property
    def all(self):
        return {f"{row.object_id}/{row.keypoint}": (row.id, row.u, row.samples) for row in self.store.list().entries}


@pytest.fixture
def client(tmp_path):
    opened = Client(tmp_path / "store.db")
    yield opened
    opened.store.close()


def test_a_taught_point_is_forgotten(client):
    client.teach("cap/axis_a")
    change = TaughtChange("cap", "contact", client.teach("cap/contact"))
    assert "cap/contact" in change.sentence and "no longer taught" in change.take_back(client)
    assert list(client.all) == ["cap/axis_a"]


@pytest.mark.parametrize("since", [{"overwrite": True}, {"as_sample": True}, None])
def test_a_point_that_was_changed_since_stays(client, since):
    change = TaughtChange("cap", "contact", client.teach("cap/contact"))
    if since is None:
        client.forget("cap", "contact")
    else:
        client.teach("cap/contact", **since)
    before = client.all
    with pytest.raises(UndoError, match="cap/contact was taught anew, renamed or deleted since"):
        change.take_back(client)
    assert client.all == before


def test_names_come_back(client):
    client.teach("lid/rim")
    client.teach("lid/axis_a")
    RenamedChange("lid", "contact", "rim").take_back(client)
    RenamedChange("cap", "", "lid").take_back(client)
    assert set(client.all) == {"cap/contact", "cap/axis_a"}


def test_one_more_picture_is_forgotten_and_the_point_stays(client):
    first = client.teach("cap/contact")
    client.teach("cap/contact", as_sample=True)
    change = SampleChange("cap", "contact", first, 2)
    assert "last picture of cap/contact" in change.sentence
    change.take_back(client)
    assert client.all == {"cap/contact": (first, 1.0, 1)}
    with pytest.raises(UndoError, match="since"):
        change.take_back(client)
    assert client.all == {"cap/contact": (first, 1.0, 1)}


def test_a_deleted_point_is_there_again_as_it_was(client):
    client.teach("cap/contact", u=20.5)
    client.teach("cap/contact", as_sample=True)
    before = client.all
    client.forget("cap", "contact")
    lost = LostChange("cap", "contact")
    assert lost.sentence == "Undo: do not delete cap/contact"
    lost.take_back(client)
    assert client.all == before


def test_a_replaced_point_is_there_again_as_it_was(client):
    client.teach("cap/contact", u=20.5)
    before = client.all
    replaced = LostChange("cap", "contact", replaced_by=client.teach("cap/contact", u=5.0, overwrite=True))
    assert replaced.sentence == "Undo: do not replace cap/contact"
    replaced.take_back(client)
    assert client.all == before


def test_a_point_that_is_there_again_stays_as_it_is(client):
    client.teach("cap/contact")
    client.forget("cap", "contact")
    client.teach("cap/contact", u=7.0)
    before = client.all
    with pytest.raises(UndoError, match="taught anew"):
        LostChange("cap", "contact").take_back(client)
    assert client.all == before


def test_points_described_anew_are_described_as_before(client):
    client.teach("cap/contact")
    replace_descriptors(client.store, [(client.store.get("cap", "contact"), np.zeros(3))], "n", "new")
    change = RedescribedChange("new")
    assert "by new" in change.sentence and "as before" in change.take_back(client)
    assert client.store.get("cap", "contact").model_id == "m"
    with pytest.raises(StoreError, match="nothing to undo"):
        change.take_back(client)
