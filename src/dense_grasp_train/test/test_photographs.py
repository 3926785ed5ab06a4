import cv2
import numpy as np
import pytest
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_train.data.photographs import photographs
from dense_grasp_train.render.textures import make_surface, photo_files


@pytest.fixture
def unreadable(tmp_path):
    for name in ("a.png", "b.jpg"):
        (tmp_path / name).write_bytes(b"no picture")
    return tmp_path


def test_a_folder_of_unreadable_photographs_is_refused(unreadable):
    with pytest.raises(DenseGraspError, match=r"none of the 2 files .* can be read .*a\.png with 10 bytes"):
        photo_files(str(unreadable))
    with pytest.raises(DenseGraspError, match="none of the 2 files"):
        photographs(unreadable, (48, 64))


def test_one_readable_photograph_serves_for_the_others(unreadable):
    colour = (40, 160, 220)
    cv2.imwrite(str(unreadable / "c.png"), np.full((64, 64, 3), colour[::-1], np.uint8))
    for seed in range(3):
        surface = make_surface("photo", np.random.default_rng(seed), 32, str(unreadable))
        assert len(np.unique(surface.reshape(-1, 3), axis=0)) == 1  # the picture's one colour, not noise
    assert set(photographs(unreadable, (48, 64))) == {"c.png"}
