import cv2
import numpy as np
from dense_grasp_bench.picture_sheet import TILE, sheet, write_png


def test_sheet_has_a_row_per_trial_and_grey_where_a_picture_is_missing():
    red = np.zeros((480, 640, 3), np.uint8)
    red[..., 0] = 200
    one = sheet([([red, None], "first")])
    two = sheet([([red, None], "first"), ([red, red], "second")])
    assert two.shape[0] == 2 * one.shape[0] and two.shape[1] == one.shape[1]
    assert one.shape[1] > 2 * TILE[0]
    centre = one[one.shape[0] // 2]
    np.testing.assert_array_equal(centre[100], [200, 0, 0])
    np.testing.assert_array_equal(centre[100 + TILE[0]], [200, 200, 200])


def test_png_is_rgb(tmp_path):
    path = tmp_path / "folder" / "picture.png"
    write_png(path, np.full((4, 5, 3), (1, 2, 3), np.uint8))
    np.testing.assert_array_equal(cv2.imread(str(path))[0, 0], [3, 2, 1])
    assert [entry.name for entry in path.parent.iterdir()] == ["picture.png"]
