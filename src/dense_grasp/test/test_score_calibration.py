import math

import pytest
from dense_grasp.perception.score_calibration import CALIBRATED, UncalibratedError, calibrated
from dense_grasp_core.descriptors.model_file import ModelFileError, ModelInfo, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from dense_grasp_core.matching.locate import Limits
from dense_grasp_core.matching.scores import match_score

FROM_FILE = dict.fromkeys(CALIBRATED, math.nan)


@pytest.fixture(scope="module")
def uncalibrated_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "uncalibrated.safetensors"
    save_model(path, DescriptorNetwork(NetworkConfig(dimension=4, keypoints=2)), ModelInfo())
    return path


def test_values_of_the_file(random_model):
    limits = calibrated(Limits(), FROM_FILE, str(random_model))
    assert (limits.temperature, limits.found_threshold, limits.ambiguity_ratio) == (-0.5, 0.4, 0.9)


def test_chosen_values_win_and_the_rest_stays(random_model):
    limits = calibrated(Limits(depth_radius_px=7), {**FROM_FILE, "found_threshold": 0.7}, str(random_model))
    assert (limits.temperature, limits.found_threshold, limits.ambiguity_ratio) == (-0.5, 0.7, 0.9)
    assert limits.depth_radius_px == 7


def test_no_file_is_needed_when_everything_is_chosen():
    limits = calibrated(Limits(), {"temperature": 0.0, "found_threshold": 0.1, "ambiguity_ratio": 0.2}, "")
    assert limits.found_threshold == 0.1 and limits.match_score.name == "gaussian"


def test_the_network_says_how_its_descriptors_are_compared(tmp_path):
    path = tmp_path / "cosine.safetensors"
    save_model(path, DescriptorNetwork(NetworkConfig(dimension=4, keypoints=2)), ModelInfo(score="cosine"))
    chosen = {"temperature": 0.0, "found_threshold": 0.1, "ambiguity_ratio": 0.2}
    assert calibrated(Limits(), chosen, str(path)).match_score is match_score("cosine")


def test_a_network_without_calibration_is_refused_unless_asked_for(uncalibrated_model):
    with pytest.raises(UncalibratedError, match=r"uncalibrated.safetensors was not calibrated.*set temperature, ambig"):
        calibrated(Limits(), {**FROM_FILE, "found_threshold": 0.7}, str(uncalibrated_model))
    limits = calibrated(Limits(), FROM_FILE, str(uncalibrated_model), allow_uncalibrated=True)
    assert limits.temperature == ModelInfo().temperature


def test_missing_file():
    with pytest.raises(ModelFileError, match=r"/nowhere.safetensors does not exist"):
        calibrated(Limits(), FROM_FILE, "/nowhere.safetensors")
