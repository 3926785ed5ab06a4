import numpy as np
import pytest
from dense_grasp.perception.lens_model import meant_info
from dense_grasp.perception.messages import camera_from_info, info_from_camera
from dense_grasp_core.geometry.lens import Lens
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

COEFFICIENTS = [-0.0565, 0.0682, 0.00037, 0.00069, -0.0218]
K = [600.0, 0.0, 320.0, 0.0, 600.0, 240.0, 0.0, 0.0, 1.0]
P = [590.0, 0.0, 318.0, 0.0, 0.0, 592.0, 241.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def info(model="plumb_bob", d=COEFFICIENTS, p=P):
    return CameraInfo(header=Header(frame_id="optical"), width=640, height=480, k=K, d=d, p=p, distortion_model=model)


@pytest.mark.parametrize(
    ("message", "lens_model", "lens"),
    [
        (info(), "realsense", Lens.INVERSE_BROWN_CONRADY),
        (info(), "camera_info", Lens.BROWN_CONRADY),
        (info("equidistant", COEFFICIENTS[:4]), "realsense", Lens.FISHEYE),
        (info("rational_polynomial", [*COEFFICIENTS, 0.1, 0.0, 0.0]), "realsense", Lens.BROWN_CONRADY),
    ],
)
def test_the_lens_that_is_meant(message, lens_model, lens):
    said = message.distortion_model
    camera = camera_from_info(meant_info(message, lens_model))
    assert camera.lens is lens and list(camera.distortion) == list(message.d)
    assert message.distortion_model == said, "the message belongs to others, too"
    again = camera_from_info(info_from_camera(camera, message.header))
    assert again == camera


def test_a_lens_without_distortion_is_the_same_for_all():
    message = info(d=[0.0] * 5, p=[0.0] * 12)
    assert meant_info(message, "realsense") is message


def test_a_rectified_image_has_the_intrinsics_of_p_and_no_lens():
    camera = camera_from_info(meant_info(info(), "rectified"))
    assert not camera.distorts
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (590.0, 592.0, 318.0, 241.0)


def test_a_d455_is_off_at_the_corner_when_taken_at_its_word():
    """Half a metre away, by how much the point in the corner moves: why the parameter is there."""
    meant, said = (camera_from_info(meant_info(info(p=[0.0] * 12), name)) for name in ("realsense", "camera_info"))
    corner = [[639.0, 479.0]]
    apart = np.linalg.norm(meant.deproject(corner, [0.5]) - said.deproject(corner, [0.5]))
    assert 0.002 < apart < 0.02
