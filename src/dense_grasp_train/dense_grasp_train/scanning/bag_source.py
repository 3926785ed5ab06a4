"""A scan of a recording: a camera on an arm went around an object that stood on a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from dense_grasp_core.geometry.se3 import inverse, rotation_angle
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.object_model.scan import ScanError, ScanView
from dense_grasp_core.scanning.hand_eye_refinement import RefinementError
from dense_grasp_core.scanning.object_masks import scan_views
from dense_grasp_core.scanning.posed_picture import PosedPicture, undistorted
from dense_grasp_core.scanning.table_object import (
    NoObjectError,
    SeveralObjectsError,
    TableObject,
    find_table_object,
    table_elsewhere,
)
from dense_grasp_core.scanning.true_hand_eye import with_true_hand_eye
from numpy.typing import NDArray

from dense_grasp_train.scanning.bag import Bag
from dense_grasp_train.scanning.bag_transforms import NANOSECONDS, Transforms
from dense_grasp_train.scanning.source import Source

Array = NDArray[np.float64]
#: What the speed of a turning camera counts for: m from the camera to the object, about.
_AWAY = 0.4
_AROUND = 0.05  # s before and after a picture, by which its speed is measured
_FASTEST = 0.10  # m/s of what the camera sees, beyond which a picture is left out: blurred, and its pose uncertain
_APART = 0.03  # m between pictures, by the same measure
_STEP = 4  # px, of the pictures that say what stands on the table
_HAND_EYE = 0.015, 0.053  # m and rad, as scan_hand_eye_shift and scan_hand_eye_turn have them


@dataclass(frozen=True)
class TableArea:
    """Where what is scanned stands. base: name of the base frame, "" for the robot's; table_height: m in it; low, high:
    corners (2,) m of the part of the table that counts, and height, m, above it.
    """

    base: str
    table_height: float
    low: tuple[float, float]
    high: tuple[float, float]
    height: float = 0.4


def source_of_bag(bag: Bag, area: TableArea, most: int) -> Source:
    """The views of what stands on the table, in at most `most` of a bag's pictures. Raises ScanError."""
    print(f"{bag.path}: stamps and transforms are read", flush=True)
    camera, frame = bag.camera()
    transforms = bag.transforms()
    base = base_frame(transforms, frame, area.base)
    with_colour = bag.stamps(bag.color)
    depth_of = nearest_stamps(with_colour, bag.stamps(bag.depth), round(bag.record.sync_tolerance * NANOSECONDS))
    stamps, poses, speeds = _posed(sorted(depth_of), transforms, frame, base)
    unposed = len(with_colour) - len(stamps)
    if len(stamps) < 2:
        raise ScanError(
            f"of {len(with_colour)} pictures on {bag.color} {len(depth_of)} have an image of the same stamp on "
            f"{bag.depth}, and {len(stamps)} of them transforms to {base}, expected two or more"
        )
    chosen = still_and_apart(poses, speeds, most)
    wanted = {int(stamps[index]) for index in chosen}
    print(f"{len(stamps)} pictures with depth and pose in {base}; {len(chosen)} of them are read", flush=True)
    colours = dict(bag.images(bag.color, wanted))
    depths = dict(bag.images(bag.depth, {depth_of[stamp] for stamp in wanted}))
    pictures = []
    for index in chosen:
        stamp = int(stamps[index])
        rgb, depth = colours[stamp], depths[depth_of[stamp]]
        for name, image in (("colour image", rgb), ("depth image", depth)):
            if image.shape[:2] != (camera.height, camera.width):
                raise ScanError(
                    f"the {name} of stamp {stamp} ns has {image.shape[1]}x{image.shape[0]} px, expected "
                    f"{camera.width}x{camera.height} of {bag.info}: is the depth aligned to the colour image?"
                )
        pictures.append(undistorted(PosedPicture(rgb, depth, camera, poses[index], stamp)))
    views, notes = _views(pictures, area)
    left_out = [f"{unposed} pictures have no depth, or no transform to {base}"] if unposed else []
    return Source(views, {"poses": "transforms", "size": "depth", "base": base, **notes}, False, left_out)


def base_frame(transforms: Transforms, camera: str, given: str) -> str:
    """The frame above the camera's in which the table lies still: that which is given, the robot's base, the root.

    Raises ScanError for one that is not above the camera's.
    """
    chain = transforms.chain(camera)
    if given:
        if given not in chain:
            raise ScanError(f"--base is {given!r}, expected a frame above {camera}: {', '.join(chain[1:]) or 'none'}")
        return given
    if len(chain) == 1:
        raise ScanError(
            f"the transforms in the bag do not reach {camera}, the camera's frame; there are "
            f"{', '.join(sorted(transforms.frames))}: record /tf and /tf_static while driver and hand-eye run"
        )
    return next((frame for frame in chain[1:] if frame.endswith("_link0")), chain[-1])


def nearest_stamps(stamps: list[int], others: list[int], tolerance: int) -> dict[int, int]:
    """For each of the stamps, ns, the nearest of the others, where one is within the tolerance."""
    if not others:
        return {}
    there = np.array(sorted(others))
    after = np.searchsorted(there, stamps)
    found = {}
    for stamp, index in zip(stamps, after.tolist(), strict=True):
        near = there[max(0, index - 1) : index + 1]
        other = int(near[np.abs(near - stamp).argmin()])
        if abs(other - stamp) <= tolerance:
            found[stamp] = other
    return found


def _posed(stamps: list[int], transforms: Transforms, frame: str, base: str) -> tuple[NDArray[np.int64], Array, Array]:
    """Those of the stamps, ns, at which the camera's pose is known, base_from_camera (n, 4, 4), and speeds (n,) m/s of
    what the camera sees.
    """
    known: list[int] = []
    poses: list[Array] = []
    speeds: list[float] = []
    around = round(_AROUND * NANOSECONDS)
    for stamp in stamps:
        pose = transforms.at(frame, base, stamp)
        if pose is None:
            continue
        ends = (transforms.at(frame, base, stamp + off) for off in (-around, around))
        known.append(stamp)
        poses.append(pose)
        speeds.append(max((_moved(pose, end) / _AROUND for end in ends if end is not None), default=np.inf))
    return np.array(known, np.int64), np.array(poses).reshape(-1, 4, 4), np.array(speeds)


def still_and_apart(poses: Array, speeds: Array, most: int) -> list[int]:
    """Indices of at most `most` pictures that the camera took from different places while it was slow: base_from_camera
    (n, 4, 4), speeds (n,) m/s. Of near ones the slowest; of too many those that lie farthest apart. Raises ScanError
    where the camera never was slow.
    """
    kept: list[int] = []
    for index in np.argsort(speeds, kind="stable").tolist():
        if speeds[index] > _FASTEST:
            break
        if all(_moved(poses[index], poses[other]) >= _APART for other in kept):
            kept.append(index)
    if len(kept) < 2:
        raise ScanError(
            f"the camera was slower than {_FASTEST:.2f} m/s at {len(kept)} places, expected two or more (its slowest "
            f"was {speeds.min():.2f} m/s): let it stand still at each view, or go slowly"
        )
    if len(kept) <= most:
        return sorted(kept)
    apart = np.array([[_moved(poses[a], poses[b]) for b in kept] for a in kept])
    chosen, nearest = [0], apart[0]
    while len(chosen) < most:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, apart[chosen[-1]])
    return sorted(kept[index] for index in chosen)


def _moved(one: Array, other: Array) -> float:
    """m that a camera moved between two poses (4, 4), a turn counting as what it moves the object in the picture by."""
    return float(np.linalg.norm(one[:3, 3] - other[:3, 3])) + _AWAY * rotation_angle(inverse(one) @ other)


def _views(pictures: Sequence[PosedPicture], area: TableArea) -> tuple[list[ScanView], dict[str, object]]:
    """Views of the object, and what is known of hand-eye. Raises ScanError."""
    table_object = _object(pictures, area)
    notes: dict[str, object] = {}
    try:
        pictures, table_object, found = with_true_hand_eye(pictures[0], pictures, table_object, *_HAND_EYE)
        if found.is_off:
            notes["published_from_true_camera"] = found.published_from_true.tolist()
            print(f"hand-eye is corrected by {found}")
    except RefinementError as error:
        print(f"hand-eye is not checked: {error}")
    except GraspFailure as error:
        raise ScanError(str(error)) from error
    views, _, base_from_object = scan_views(pictures, table_object)
    return views, {**notes, "base_from_object": base_from_object.tolist()}


def _object(pictures: Sequence[PosedPicture], area: TableArea) -> TableObject:
    """What stands on the table, by all pictures. Raises ScanError."""
    low = np.array([*area.low, area.table_height - 0.01])
    high = np.array([*area.high, area.table_height + area.height])
    points = np.concatenate([picture.points_base(_STEP) for picture in pictures])
    elsewhere = table_elsewhere(points, area.table_height, low, high)
    if elsewhere:
        raise ScanError(f"{elsewhere}: is --table-height right, is --base, and was hand-eye when this was recorded?")
    try:
        return find_table_object(points, area.table_height, low, high)
    except (NoObjectError, SeveralObjectsError) as error:
        raise ScanError(f"{error}; --workspace says where the object stands") from error
