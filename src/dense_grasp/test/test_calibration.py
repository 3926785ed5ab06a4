import math

import pytest
from dense_grasp.calibration import CalibrationError, calibrated, calibration_of
from dense_grasp_core.query import Limits

FROM_FILE = dict.fromkeys(("temperature", "found_threshold", "ambiguity_ratio"), math.nan)


def test_values_of_the_file(random_model):
    assert calibration_of(str(random_model)) == {
        "temperature": -0.5,
        "found_threshold": 0.4,
        "ambiguity_ratio": 0.9,
    }


def test_chosen_values_win_and_the_rest_stays(random_model):
    limits = calibrated(Limits(depth_radius_px=7), {**FROM_FILE, "found_threshold": 0.7}, str(random_model))
    assert (limits.temperature, limits.found_threshold, limits.ambiguity_ratio) == (-0.5, 0.7, 0.9)
    assert limits.depth_radius_px == 7


def test_no_file_is_needed_when_everything_is_chosen():
    limits = calibrated(Limits(), {"temperature": 0.0, "found_threshold": 0.1, "ambiguity_ratio": 0.2}, "/nowhere")
    assert limits.found_threshold == 0.1


@pytest.mark.parametrize("content", [b"", b"\x01", b"\xff" * 64, (50).to_bytes(8, "little") + b"{}"])
def test_files_that_are_none_are_named(tmp_path, content):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    with pytest.raises(CalibrationError, match="broken"):
        calibration_of(str(path))


def test_missing_file():
    with pytest.raises(CalibrationError, match="/nowhere"):
        calibrated(Limits(), FROM_FILE, "/nowhere")
