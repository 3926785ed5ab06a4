"""A scan is read as it lies on disk, whatever a camera, a copy or an archive made of its names."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from dense_grasp_core.object_model.scan import ScanError, left_out, read_scan, read_views

SHAPE = (60, 80)


@pytest.fixture
def folder(tmp_path):
    """Two pictures of a patch 0.5 and 0.6 m away."""
    root = tmp_path / "scan" / "mug"
    for kind in ("rgb", "depth", "mask"):
        (root / kind).mkdir(parents=True)
    mask = np.zeros(SHAPE, np.uint8)
    mask[10:50, 20:60] = 255
    poses = {}
    for index in range(2):
        colour = np.full((*SHAPE, 3), (10 * index, 100, 200), np.uint8)
        cv2.imwrite(str(root / "rgb" / f"{index}.png"), colour)
        cv2.imwrite(str(root / "mask" / f"{index}.png"), mask)
        cv2.imwrite(str(root / "depth" / f"{index}.png"), np.full(SHAPE, 5000 + 1000 * index, np.uint16))
        pose = np.eye(4)
        pose[2, 3] = 0.5 + 0.1 * index
        poses[str(index)] = pose.tolist()
    (root / "poses.json").write_text(json.dumps(poses))
    camera = {"fx": 70.0, "fy": 70.0, "cx": 39.5, "cy": 29.5, "depth_scale": 0.1}
    (root.parent / "camera.json").write_text(json.dumps(camera))
    return root


def test_views_carry_points_into_the_frame_of_the_object(folder):
    first, second = read_scan(folder)
    assert (first.name, second.name) == ("0", "1") and tuple(second.rgb[0, 0]) == (200, 100, 10)
    assert first.camera.width == 80 and second.depth[20, 30] == pytest.approx(0.6)
    pixels = first.surface_pixels()
    assert len(pixels) == 1600
    assert np.abs(first.points(pixels)[:, 2]).max() < 1e-9 and np.abs(second.points(pixels)[:, 2]).max() < 1e-9


def test_names_that_other_systems_write_are_read(folder):
    (folder / "rgb" / "0.png").rename(folder / "rgb" / "0.PNG")
    (folder / "rgb" / "._0.png").write_bytes(b"\x00\x05\x16\x07 a resource fork")
    real = folder.parent / "elsewhere.png"
    (folder / "rgb" / "1.png").rename(real)
    (folder / "rgb" / "1.png").write_text("../../elsewhere.png\n")
    (folder / "poses.json").write_bytes(b"\xef\xbb\xbf" + (folder / "poses.json").read_bytes())
    first, second = read_scan(folder)
    assert tuple(first.rgb[0, 0]) == (200, 100, 0) and tuple(second.rgb[0, 0]) == (200, 100, 10)


def test_what_belongs_to_no_picture_is_named_however_it_is_stored(folder):
    assert left_out(folder) == []
    (folder / "rgb" / "0.png").unlink()
    (folder / "depth" / "0.png").unlink()
    np.save(folder / "depth" / "0.npy", np.ones(SHAPE))
    (folder / "mask").rename(folder.parent / "masks")
    (folder / "mask").write_text("../masks")
    (folder / "poses.json").write_bytes(b"\xef\xbb\xbf" + (folder / "poses.json").read_bytes())
    kinds = ("files in depth/", "files in mask/", "poses in poses.json")
    assert left_out(folder) == [
        f"{folder}: 1 of 2 {kind} are left out, rgb/ has no picture of that name: 0" for kind in kinds
    ]


def test_a_linked_folder_that_a_copy_made_a_text_is_followed(folder):
    (folder / "rgb").rename(folder.parent / "pictures")
    (folder / "rgb").write_text("../pictures")
    assert len(read_scan(folder)) == 2


def recode(path, change):
    cv2.imwrite(str(path), change(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)))


def test_a_mask_in_the_alpha_channel_or_as_jpeg_is_read(folder):
    masks = [view.mask for view in read_scan(folder)]
    white = np.full((*SHAPE, 4), 255, np.uint8)
    recode(folder / "mask" / "0.png", lambda mask: np.dstack([white[..., :3], mask]))
    cv2.imwrite(str(folder / "mask" / "1.jpg"), cv2.imread(str(folder / "mask" / "1.png")))
    (folder / "mask" / "1.png").unlink()
    for view, mask in zip(read_scan(folder), masks, strict=True):
        np.testing.assert_array_equal(view.mask, mask)


def test_without_masks_the_alpha_channel_of_the_colour_is_the_mask(folder):
    masks = [view.mask for view in read_scan(folder)]
    for index, mask in enumerate(masks):
        recode(folder / "rgb" / f"{index}.png", lambda rgb, m=mask: np.dstack([rgb, m.astype(np.uint8) * 255]))
        (folder / "mask" / f"{index}.png").unlink()
    (folder / "mask").rmdir()
    for view, mask in zip(read_scan(folder), masks, strict=True):
        np.testing.assert_array_equal(view.mask, mask)
    recode(folder / "rgb" / "1.png", lambda rgb: rgb[..., :3])
    with pytest.raises(ScanError, match="no folder mask, expected one, or pictures whose alpha"):
        read_scan(folder)


def test_masks_that_are_inverted_or_too_low_for_jpeg_are_refused(folder):
    for index in range(2):
        recode(folder / "mask" / f"{index}.png", lambda mask: 255 - mask)
    with pytest.raises(ScanError, match=r"2 of 2 masks .* look inverted: 0 covers the border"):
        read_scan(folder)
    (folder / "mask" / "0.png").unlink()
    cv2.imwrite(str(folder / "mask" / "0.jpg"), np.full(SHAPE, 1, np.uint8))
    with pytest.raises(ScanError, match="JPEG whose largest value is 1"):
        read_scan(folder)


def exif_turned(rgb, orientation):
    """A JPEG whose EXIF asks for a turn."""
    done, data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 100])
    assert done
    tiff = b"MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01" + bytes(
        [0, orientation, 0, 0, 0, 0, 0, 0]
    )
    segment = b"Exif\x00\x00" + tiff
    return data.tobytes()[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + data.tobytes()[2:]


@pytest.mark.parametrize("stored_as_depth", [True, False], ids=["stored as the depth", "turned to the depth"])
def test_a_picture_that_exif_turns_lies_on_its_depth(folder, stored_as_depth):
    rgb = np.zeros((*SHAPE, 3), np.uint8)
    rgb[:, :30] = 200
    (folder / "rgb" / "0.png").unlink()
    stored = rgb if stored_as_depth else cv2.rotate(rgb, cv2.ROTATE_90_COUNTERCLOCKWISE)
    (folder / "rgb" / "0.jpg").write_bytes(exif_turned(stored, 6))
    assert cv2.imread(str(folder / "rgb" / "0.jpg")).shape[:2] == (SHAPE[::-1] if stored_as_depth else SHAPE)
    view = read_scan(folder)[0]
    np.testing.assert_allclose(view.rgb.astype(float), rgb.astype(float), atol=12)


def test_two_pictures_of_one_name_are_refused(folder):
    (folder / "rgb" / "0.JPG").write_bytes(b"another")
    with pytest.raises(ScanError, match=r"has 0\.JPG and 0\.png, expected one picture of a name"):
        read_scan(folder)


def test_a_folder_without_poses_is_no_scan_but_can_be_read(folder):
    (folder / "poses.json").unlink()
    with pytest.raises(ScanError, match=r"has no poses\.json"):
        read_scan(folder)
    view = read_views(folder)[0]
    assert view.camera_from_object is None
    with pytest.raises(ScanError, match="picture 0 has no pose"):
        view.points(view.surface_pixels())


def test_a_camera_of_another_picture_size_is_refused_with_what_would_fit(folder):
    path = folder.parent / "camera.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"width": 160, "height": 120}))
    with pytest.raises(ScanError, match=r"80x60 px and its camera\.json is for 160x120.*by 0\.5"):
        read_scan(folder)
