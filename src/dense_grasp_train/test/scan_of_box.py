"""A scan on disk of the box with coloured patches that the tests of the core look at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import scanned_box as box
from dense_grasp_core.object_model.scan import ScanView


def write_scan(folder: Path, poses: Sequence[np.ndarray], seed: int) -> list[ScanView]:
    """Write <folder>/box as seen from camera_from_object (4, 4), and <folder>/camera.json; the views of it."""
    for kind in ("rgb", "depth", "mask"):
        (folder / "box" / kind).mkdir(parents=True)
    views = [box.picture(pose, f"{index:02d}", seed + index) for index, pose in enumerate(poses)]
    for view in views:
        cv2.imwrite(str(folder / "box" / "rgb" / f"{view.name}.png"), view.rgb[..., ::-1])
        cv2.imwrite(str(folder / "box" / "mask" / f"{view.name}.png"), view.mask * np.uint8(255))
        depth = np.rint(view.depth * 10000).astype(np.uint16)
        cv2.imwrite(str(folder / "box" / "depth" / f"{view.name}.png"), depth)
    (folder / "box" / "poses.json").write_text(json.dumps({v.name: v.pose.tolist() for v in views}))
    camera = {name: getattr(box.CAMERA, name) for name in ("fx", "fy", "cx", "cy")} | {"depth_scale": 0.1}
    (folder / "camera.json").write_text(json.dumps(camera))
    return views
