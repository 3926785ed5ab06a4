"""A face that the scan saw at a grazing angle alone, as the far side of what an arm scans, is found when it lies up."""

import numpy as np
import pytest
from dense_grasp.bringup.launch_support import share_directory
from dense_grasp_assets.solids.make import make_solid
from dense_grasp_bench.solid_scan import scan_views
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.geometry.se3 import inverse, rotation_angle
from dense_grasp_core.object_model.find import find_objects
from dense_grasp_core.object_model.pose import PoseFinder
from dense_grasp_core.object_model.view_bank import build
from dense_grasp_sim.devices.camera import CellRenderer
from dense_grasp_sim.devices.d435 import imitate
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.cell_model import WRIST_INTRINSICS
from dense_grasp_sim.world.solid_placement import SolidPlacement

BOX, FRONT_UP = make_solid("printed_box", 1), 1
ASLANT = np.radians(51.0)  # from the front, the nearest view of the scan


@pytest.fixture(scope="module")
def cell():
    simulator, renderer = Simulator(), CellRenderer()
    describe = DescriptorExtractor(share_directory() / "models" / "general.xml", threads=1)
    views = scan_views(simulator, renderer, BOX, 24, np.random.default_rng(0))
    eyes = [inverse(view.pose)[:3, 3] for view in views]
    kept = [view for view, eye in zip(views, eyes, strict=True) if eye[0] < np.cos(ASLANT) * np.linalg.norm(eye)]
    assert 12 <= len(kept) < len(views)
    yield PoseFinder(build(kept, describe), describe), simulator, renderer
    renderer.close()


@pytest.mark.parametrize("place", [(0.62, 0.0, -2.5), (0.42, -0.12, 0.5)])
def test_it_is_found_where_matches_and_depth_prove_it(cell, place):
    """Before, it was not found, or turned by 180 degrees: with a score of 0.4, where the right pose has 0.9."""
    finder, simulator, renderer = cell
    lies = simulator.set_solid(BOX, SolidPlacement(*place, FRONT_UP))
    truth = inverse(simulator.base_from_camera()) @ lies
    picture = renderer.render(simulator.snapshot())
    metres = imitate(picture.depth, np.random.default_rng(0)) / 1000.0
    (pose,) = find_objects(finder, picture.rgb, WRIST_INTRINSICS, metres)
    assert pose.view_angle > np.radians(60.0)
    assert rotation_angle(inverse(pose.camera_from_object) @ truth) < np.radians(5.0)
    assert np.linalg.norm((pose.camera_from_object - truth)[:3, 3]) < 0.005
