import cv2
import numpy as np
import pytest
from dense_grasp_bench.film import Film


def test_film_can_be_played(tmp_path):
    path = tmp_path / "film.webm"
    with Film(path, 10.0) as film:
        for level in (0, 120, 240):
            film.add(np.full((48, 64, 3), level, np.uint8))
    capture = cv2.VideoCapture(str(path))
    levels = []
    while True:
        good, frame = capture.read()
        if not good:
            break
        levels.append(frame.mean())
    assert film.frames == 3
    np.testing.assert_allclose(levels, [0, 120, 240], atol=12)


def test_a_film_is_quiet(tmp_path, capfd):
    with Film(tmp_path / "film.webm", 10.0) as film:
        film.add(np.zeros((48, 64, 3), np.uint8))
    assert capfd.readouterr() == ("", "")


def test_a_film_that_cannot_be_written_is_an_error_that_names_it(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"), Film(tmp_path / "file" / "film.webm", 10.0) as film:
        film.add(np.zeros((48, 64, 3), np.uint8))


def test_no_frames_no_file(tmp_path):
    with Film(tmp_path / "film.webm", 10.0):
        pass
    assert not list(tmp_path.iterdir())
