"""What a finder answers on simulated pictures, beside the truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from dense_grasp_core.geometry.se3 import inverse, log, rotation_angle, transform
from dense_grasp_core.object_model.find import find_objects
from dense_grasp_core.object_model.pose import ObjectPose, PoseFinder
from dense_grasp_core.object_model.pose_keypoints import posed_keypoints
from dense_grasp_core.result_codes import Visibility
from numpy.typing import NDArray

from dense_grasp_bench.objects.scenes import LabelledPicture

Array = NDArray[np.float64]
KEYPOINTS = 6
#: From a keypoint to the picture's surface: nearer is surely seen, further behind surely hidden.
_SURELY_SEEN_M, _SURELY_HIDDEN_M = 0.003, 0.01
RIGHT_M = 0.005
FAR_M = 0.03
_SPURIOUS_M = 0.02  # a found pose further than this from every true one belongs to none
_CHI_SQUARE_6 = 12.59  # 95 % of a normal error in six dimensions lie within


@dataclass
class Figures:
    """Of all pictures: found with the object; false_alarms: found without it; turns (degrees) of found poses from the
    true ones; keypoints: error (m), NaN where not found, whether truly seen, and what was said; mahalanobis: squared
    Mahalanobis distances of found poses from the true ones; changed_camera: found by a camera that was turned on its
    mount and set to another picture size than for the scan; changed_camera_errors: of keypoints that were given a place
    then, m; crowds: instances, found ones within 5 mm, found ones that belong to none.
    """

    found: list[bool] = field(default_factory=list)
    false_alarms: list[bool] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)
    keypoints: list[tuple[float, bool, Visibility]] = field(default_factory=list)
    mahalanobis: list[float] = field(default_factory=list)
    changed_camera: list[bool] = field(default_factory=list)
    changed_camera_errors: list[float] = field(default_factory=list)
    crowds: list[tuple[int, int, int]] = field(default_factory=list)


def measure_picture(figures: Figures, finder: PoseFinder, picture: LabelledPicture, seed: int) -> str:
    """Find the object in a picture that has it; says what came out. seed: of the keypoints."""
    poses = find_objects(finder, picture.rgb, picture.camera, picture.depth)
    pose, truth = (poses[0] if poses else None), picture.poses[0]
    figures.found.append(pose is not None)
    errors = _measure_keypoints(figures, finder, picture, pose, seed)
    if pose is None:
        return "NOT FOUND"
    found = pose.camera_from_object
    error = np.concatenate([found[:3, 3] - truth[:3, 3], log(found @ inverse(truth))[3:]])
    figures.mahalanobis.append(float(error @ np.linalg.solve(pose.covariance, error)))
    figures.turns.append(float(np.degrees(rotation_angle(inverse(truth) @ found))))
    worst = max(errors, default=np.nan) * 1000.0
    return f"score {pose.score:.2f}, turned by {figures.turns[-1]:.1f} degrees, worst keypoint {worst:.1f} mm"


def measure_without(figures: Figures, finder: PoseFinder, picture: LabelledPicture) -> str:
    """Look for the object in a picture without it."""
    poses = find_objects(finder, picture.rgb, picture.camera, picture.depth)
    figures.false_alarms.append(bool(poses))
    return f"FOUND, score {poses[0].score:.2f}" if poses else "not found"


def measure_changed_camera(figures: Figures, finder: PoseFinder, picture: LabelledPicture, seed: int) -> str:
    """Find the object in a picture of another size than the scan's, by a camera that is turned; seed: of keypoints."""
    poses = find_objects(finder, picture.rgb, picture.camera, picture.depth)
    figures.changed_camera.append(bool(poses))
    if not poses:
        return "NOT FOUND"
    points = finder.bank.surface[np.random.default_rng(seed).integers(0, len(finder.bank.surface), KEYPOINTS)]
    answers = posed_keypoints(finder.bank, poses[0], picture.camera, points, picture.depth)
    true = transform(picture.poses[0], points)
    errors = [
        float(np.linalg.norm(answer.point_camera - point))
        for answer, point in zip(answers, true, strict=True)
        if np.isfinite(answer.point_camera).all()
    ]
    figures.changed_camera_errors += errors
    return f"score {poses[0].score:.2f}, worst keypoint {1000.0 * max(errors, default=np.nan):.1f} mm"


def measure_crowd(figures: Figures, finder: PoseFinder, picture: LabelledPicture) -> str:
    """Look for all instances in a picture with several."""
    poses = find_objects(finder, picture.rgb, picture.camera, picture.depth, most=2 * len(picture.poses))
    points = finder.bank.surface[::97]
    places = np.array([transform(pose.camera_from_object, points) for pose in poses]).reshape(-1, 1, len(points), 3)
    true = np.array([transform(pose, points) for pose in picture.poses])
    off = np.linalg.norm(places - true, axis=3).mean(2)  # (found, true)
    right = int((off.min(0) < RIGHT_M).sum()) if poses else 0
    spurious = int((off.min(1) > _SPURIOUS_M).sum()) if poses else 0
    figures.crowds.append((len(picture.poses), right, spurious))
    return f"{right} of {len(picture.poses)} within {1000 * RIGHT_M:.0f} mm, {spurious} belong to none"


def table(figures: Figures) -> list[str]:
    """What came out, row by row."""
    seen = [(error, said) for error, is_seen, said in figures.keypoints if is_seen]
    hidden = [said for _, is_seen, said in figures.keypoints if not is_seen]
    errors = [error * 1000.0 for error, said in seen if said is Visibility.VISIBLE]
    turned = sum(turn > 20.0 for turn in figures.turns)
    rows = {
        "pictures with the object: found": _share(figures.found),
        "found with a pose turned by more than 20 degrees": f"{turned} of {len(figures.turns)}",
        "pictures without the object: found": _share(figures.false_alarms),
        "error of visible keypoints, median / p95": "{:.1f} / {:.1f} mm".format(
            *np.percentile(errors or [np.nan], [50, 95])
        ),
        "visible keypoints said visible": _share([said is Visibility.VISIBLE for _, said in seen]),
        "hidden keypoints said hidden or not found": _share([said is not Visibility.VISIBLE for said in hidden]),
        "true poses inside the 95 % ellipsoid": _share([square <= _CHI_SQUARE_6 for square in figures.mahalanobis]),
    }
    if figures.changed_camera:
        far = sum(error > FAR_M for error in figures.changed_camera_errors)
        rows["camera turned on its mount, pictures of another size than the scan's: found"] = _share(
            figures.changed_camera
        )
        rows[f"... keypoints more than {1000 * FAR_M:.0f} mm off"] = f"{far} of {len(figures.changed_camera_errors)}"
    if figures.crowds:
        instances, right, spurious = (sum(column) for column in zip(*figures.crowds, strict=True))
        rows["three beside three others: instances within 5 mm"] = f"{right} of {instances}"
        rows["... found ones that belong to none"] = f"{spurious} in {len(figures.crowds)} scenes"
    return [f"| {name} | {value} |" for name, value in rows.items()]


def _measure_keypoints(
    figures: Figures, finder: PoseFinder, picture: LabelledPicture, pose: ObjectPose | None, seed: int
) -> list[float]:
    """Points of the surface that are surely seen or surely hidden; errors of those said visible, metres."""
    bank = finder.bank
    points = bank.surface[np.random.default_rng(seed).integers(0, len(bank.surface), KEYPOINTS * 4)]
    points_camera = transform(picture.poses[0], points)
    nearest, inside = picture.camera.nearest_pixels(picture.camera.project(points_camera))
    said = posed_keypoints(bank, pose, picture.camera, points, picture.depth)
    errors: list[float] = []
    taken = 0
    for point, (u, v), is_inside, answer in zip(points_camera, nearest, inside, said, strict=True):
        behind = point[2] - picture.exact[v, u]
        is_seen = abs(behind) < _SURELY_SEEN_M and bool(picture.mask[v, u])
        if taken == KEYPOINTS or not is_inside or (not is_seen and behind < _SURELY_HIDDEN_M):
            continue  # at an edge: neither
        taken += 1
        error = float(np.linalg.norm(answer.point_camera - point))
        figures.keypoints.append((error, is_seen, answer.visibility))
        if answer.visibility is Visibility.VISIBLE:
            errors.append(error)
    return errors


def _share(right: list[bool]) -> str:
    return f"{np.mean(right):.1%} of {len(right)}" if right else "-"
