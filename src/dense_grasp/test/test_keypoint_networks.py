"""Keypoints found by the network that described them, whichever describes the images: with the shipped networks."""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
from dense_grasp.nodes.query_node import QueryNode
from dense_grasp.perception.keypoint_networks import KeypointNetworks, network_of
from dense_grasp.perception.loaded_networks import LoadedNetworks, NetworkError
from dense_grasp.perception.network_files import NetworkFiles, without_network
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.geometry import se3
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_core.store import Row

_spec = importlib.util.spec_from_file_location("described_frame", Path(__file__).with_name("described_frame.py"))
described = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(described)
CAPS, CAPS_ID, GENERAL, GENERAL_ID = described.CAPS, described.CAPS_ID, described.GENERAL, described.GENERAL_ID
SIZE, away, frame, query_values, row = (
    described.SIZE,
    described.away,
    described.frame,
    described.query_values,
    described.row,
)
LONG = 600.0  # s; the machine may be busy
BASE_FROM_CAMERA = se3.look_at([0.5, 0.0, 0.6], [0.5, 0.0, 0.0], [1.0, 0.0, 0.0])


@pytest.fixture
def opened():
    """Makes KeypointNetworks of parameters of query_node."""
    made = []

    def make(running="", log=lambda note: None, **changes):
        made.append(KeypointNetworks(query_values(**changes), lambda: running, log))
        return made[-1]

    yield make
    for networks in made:
        networks.close()


@pytest.fixture
def caps_seen(opened):
    """Images are described by general, whose scores the operator chose; compact_caps is one of the further networks."""
    return opened(GENERAL_ID, model=GENERAL, temperature=-5.0, found_threshold=0.999, ambiguity_ratio=0.01)


def located(networks, seen, rows, timeout=LONG):
    finders = networks.finders(rows, seen, timeout)
    return networks.locate(seen, rows, finders, "base", BASE_FROM_CAMERA)


def test_a_point_is_found_by_its_network_with_that_networks_own_thresholds(caps_seen, blobs):
    seen, taught = frame(blobs, GENERAL_ID), row(CAPS, blobs)
    (match,) = located(caps_seen, seen, [taught])
    assert match.code == MatchCode.OK and away(match) < 2.0, match.message
    assert match.model_id == CAPS_ID and match.score > 0.99
    info = read_info(CAPS)
    limits = caps_seen.finders([taught], seen, LONG)[CAPS_ID].limits
    assert (limits.temperature, limits.found_threshold, limits.ambiguity_ratio) == (
        info.temperature,
        info.found_threshold,
        info.ambiguity_ratio,
    )
    assert caps_seen.limits.temperature == -5.0
    heat = caps_seen.heat(taught, seen, caps_seen.finders([taught], seen, LONG))
    assert heat.shape == SIZE and heat[round(taught.v), round(taught.u)] == pytest.approx(heat.max(), abs=0.01)


def test_a_network_describes_a_frame_once_and_only_when_it_is_asked_for(caps_seen, blobs):
    seen = frame(blobs, GENERAL_ID)
    by_the_frame = Row(1, "cap", "edge", np.ones(4, np.float32), GENERAL_ID, 0.0, 0.0, 0.0, b"")
    assert not caps_seen.need_colour([by_the_frame], seen)
    located(caps_seen, seen, [by_the_frame])
    assert caps_seen.loaded == [], "the points asked for need the network of the images alone"
    rows = [row(CAPS, blobs), by_the_frame, row(CAPS, blobs, "axis_a")]
    assert caps_seen.need_colour(rows, seen)
    matches = located(caps_seen, seen, rows)
    assert [match.keypoint for match in matches] == ["contact", "edge", "axis_a"]
    assert [match.model_id for match in matches] == [CAPS_ID, GENERAL_ID, CAPS_ID]
    located(caps_seen, seen, rows)
    (network,) = caps_seen.loaded
    assert (network.file.name, network.described) == ("compact_caps", 1)
    located(caps_seen, frame(blobs, GENERAL_ID), rows)
    assert network.described == 2


def test_a_network_that_is_nowhere_is_refused_with_where_and_what_to_do(opened, blobs, random_model, tmp_path):
    further = tmp_path / "further"
    further.mkdir()
    networks = opened(GENERAL_ID, model=GENERAL, allow_uncalibrated=True, further_models=str(further))
    seen, taught = frame(blobs, GENERAL_ID), row(str(random_model), blobs, network="mine")
    (match,) = located(networks, seen, [taught])
    assert match.code == MatchCode.MODEL_MISMATCH and np.isnan(match.position.x)
    named = f"cap/contact was taught with network mine ({taught.model_id})"
    for words in (named, str(further), "further_models", "redescribe", GENERAL_ID):
        assert words in match.message
    assert networks.heat(taught, seen, networks.finders([taught], seen, LONG)) is None
    assert without_network([taught, row(CAPS, blobs)], networks.found_ids) == [taught]
    shutil.copy(random_model, further)  # and from now on it is found, without a restart
    (match,) = located(networks, seen, [taught])
    assert match.model_id == taught.model_id and away(match) < 2.0, match.message
    assert without_network([taught], networks.found_ids) == []


def test_a_network_without_calibration_is_refused_unless_allowed(opened, blobs):
    seen, taught = frame(blobs, CAPS_ID), row(GENERAL, blobs)
    (match,) = located(opened(CAPS_ID, model=CAPS), seen, [taught])
    assert match.code == MatchCode.MODEL_MISMATCH and "general.xml was not calibrated" in match.message
    assert "set temperature" not in match.message, "that holds for the network of model alone"
    (match,) = located(opened(CAPS_ID, model=CAPS, allow_uncalibrated=True), seen, [taught])
    assert match.model_id == GENERAL_ID and away(match) < 2.0, match.message


def test_images_of_another_network_than_model_are_judged_by_their_own_network(opened, blobs):
    """The two nodes were started with different networks."""
    networks = opened(CAPS_ID, model=GENERAL, temperature=-5.0, found_threshold=0.999, ambiguity_ratio=0.01)
    taught = row(CAPS, blobs)
    assert networks.finders([taught], frame(blobs, CAPS_ID), 0.0)[CAPS_ID].limits.temperature == pytest.approx(-0.4655)
    unknown = Row(1, "cap", "contact", np.ones(4, np.float32), "m", 0.0, 0.0, 0.0, b"")
    (match,) = located(networks, frame(blobs, "m"), [unknown])
    assert match.code == MatchCode.MODEL_MISMATCH and "no file of that network" in match.message


def test_while_a_network_is_loaded_the_answer_is_busy(caps_seen, blobs):
    seen, taught = frame(blobs, GENERAL_ID), row(CAPS, blobs)
    busy = caps_seen.finders([taught], seen, 0.0)[CAPS_ID]
    assert (
        isinstance(busy, NetworkError) and busy.code == MatchCode.BUSY and "compact_caps is being loaded" in str(busy)
    )
    (match,) = caps_seen.locate(seen, [taught], {CAPS_ID: busy}, "base", BASE_FROM_CAMERA)
    assert match.code == MatchCode.BUSY
    assert located(caps_seen, seen, [taught])[0].code == MatchCode.OK


def test_a_frame_without_its_colour_image_is_refused(caps_seen, blobs):
    (match,) = located(caps_seen, frame(blobs, GENERAL_ID, with_colour=False), [row(CAPS, blobs)])
    assert match.code == MatchCode.NO_FRAME and "colour image" in match.message


def test_a_keypoint_with_samples_of_two_networks_is_found_by_the_one_that_runs():
    first = Row(1, "cap", "contact", np.ones(4, np.float32), "old", 0.0, 0.0, 0.0, b"")
    again = Row(2, "cap", "contact", np.ones(4, np.float32), "new", 0.0, 0.0, 0.0, b"", sample=1)
    both = Row(1, "cap", "contact", np.ones(4, np.float32), "old", 0.0, 0.0, 0.0, b"", further=(again,))
    assert (network_of(both, "new"), network_of(both, "third"), network_of(first, "new")) == ("new", "old", "old")


def test_the_network_that_was_used_least_recently_makes_room(random_model):
    notes: list[str] = []
    loaded = LoadedNetworks(notes.append, most=2)
    files = NetworkFiles([Path(CAPS), Path(GENERAL), random_model]).files()
    caps, general, mine = files
    first = loaded.get(caps, LONG, SIZE)
    loaded.get(general, LONG, SIZE)
    assert loaded.get(caps, LONG, SIZE) is first, "it is loaded once"
    loaded.get(mine, LONG, SIZE)
    assert {network.file.name for network in loaded.loaded()} == {"compact_caps", mine.name}
    assert "network general makes room for random" in notes
    loaded.close()


def test_a_file_that_cannot_be_used_is_tried_again_when_it_was_repaired(tmp_path):
    for suffix in (".xml", ".bin"):
        shutil.copy(Path(CAPS).with_suffix(suffix), tmp_path)
    whole = tmp_path / "whole"
    (tmp_path / "compact_caps.bin").rename(whole)
    loaded = LoadedNetworks()
    (file,) = NetworkFiles([tmp_path]).files()
    with pytest.raises(
        NetworkError, match=r"compact_caps cannot be used: .*compact_caps.bin does not exist"
    ) as refused:
        loaded.get(file, LONG, SIZE)
    assert refused.value.code == MatchCode.MODEL_MISMATCH and loaded.loaded() == []
    whole.rename(tmp_path / "compact_caps.bin")
    assert loaded.get(file, LONG, SIZE).file.info.model_id == CAPS_ID
    loaded.close()


def test_a_further_model_that_is_not_there_ends_the_node(graph, tmp_path):
    with pytest.raises(Exception, match="further_models"):
        graph.start(QueryNode, store=f"sqlite:///{tmp_path}/s.db", model=CAPS, further_models=f"{tmp_path}/none")
