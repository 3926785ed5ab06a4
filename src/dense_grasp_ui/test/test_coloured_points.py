"""The surface of a scan on the page: its points out of a message, bounded, and looked at from the right side."""

import numpy as np
import pytest
from dense_grasp_ui.graph_clouds import coloured_points
from dense_grasp_ui.graph_scans import GraphScans
from dense_grasp_ui.pictures.coloured_points import MOST_POINTS, ColouredPoints
from dense_grasp_ui.pictures.encoding import PictureError
from dense_grasp_ui.pictures.look import ABOVE, SLANTED, Look
from dense_grasp_ui.pictures.scan_views import ScanViews
from sensor_msgs.msg import PointCloud2, PointField

from dense_grasp_client import Refused
from dense_grasp_interfaces.msg import ScanSummary
from dense_grasp_interfaces.srv import GetScanSurface

BOX = np.array([[x, y, z] for x in (-0.02, 0.06) for y in (-0.03, 0.03) for z in (0.0, 0.1)], np.float32)
COLOURS = np.arange(24, dtype=np.uint8).reshape(8, 3) * 10


def cloud(points=BOX, colours=COLOURS, offsets=(0, 4, 8, 12), step=16):
    """As the graph answers, with some bytes between the values where step says so."""
    layout = {"names": ("x", "y", "z", "rgb"), "formats": ("<f4", "<f4", "<f4", "<u4"), "offsets": offsets}
    rows = np.zeros(len(points), {**layout, "itemsize": step})
    for axis, name in enumerate("xyz"):
        rows[name] = points[:, axis]
    red, green, blue = colours.astype(np.uint32).T
    rows["rgb"] = red << 16 | green << 8 | blue
    message = PointCloud2(height=1, width=len(rows), point_step=step, row_step=step * len(rows), data=rows.tobytes())
    message.fields = [
        PointField(name=name, offset=offset, datatype=PointField.FLOAT32, count=1)
        for name, offset in zip(layout["names"], offsets, strict=True)
    ]
    return message


@pytest.mark.parametrize(("offsets", "step"), [((0, 4, 8, 12), 16), ((4, 8, 12, 20), 32)])
def test_points_and_colours_come_out_of_any_layout_of_them(offsets, step):
    surface = coloured_points(cloud(offsets=offsets, step=step), "surface")
    np.testing.assert_array_equal(surface.points, BOX)
    np.testing.assert_array_equal(surface.colours, COLOURS)


def test_a_message_that_is_no_surface_is_said():
    torn = cloud()
    torn.data = torn.data[:-1]
    without = cloud()
    without.fields = without.fields[:3]
    big = cloud()
    big.is_bigendian = True
    for wrong, told in ((torn, "127 bytes"), (without, "z at 8, expected"), (PointCloud2(), "no fields"), (big, "exp")):
        with pytest.raises(PictureError, match=told):
            coloured_points(wrong, "surface")
    with pytest.raises(PictureError, match="not finite"):
        coloured_points(cloud(np.where(BOX == 0.0, np.nan, BOX)), "surface")


def test_a_browser_is_sent_so_many_points_at_most():
    many = 2 * MOST_POINTS
    surface = coloured_points(
        cloud(np.random.default_rng(0).normal(size=(many, 3)), np.zeros((many, 3), np.uint8)), "surface"
    )
    points, colours = surface.rows()
    assert len(points) == len(colours) == MOST_POINTS
    assert len(str(points)) + len(str(colours)) < 60 * MOST_POINTS


def test_it_is_looked_at_with_the_point_in_front_and_all_of_it_in_the_picture():
    surface = ColouredPoints(BOX, COLOURS)
    np.testing.assert_allclose(surface.centre, (0.02, 0.0, 0.05), atol=1e-6)
    side, top, below = (0.06, 0.03, 0.05), (0.02, 0.0, 0.1), (0.021, 0.0, 0.0)
    assert surface.look_at(top) == Look(0.0, ABOVE) and surface.look_at(below).elevation == SLANTED
    for point in (side, top):
        eye = np.array(surface.look_at(point).eye(surface.centre, surface.radius))
        away = eye - surface.centre
        assert np.dot(away, point - surface.centre) > 0.0
        assert all(np.linalg.norm(eye - corner) > np.linalg.norm(away) - surface.radius for corner in BOX)
    np.testing.assert_allclose(Look(90.0, 0.0).eye(surface.centre, surface.radius)[:1], surface.centre[:1])


class Served:
    """A scan without pictures. surface: what is answered, or raised."""

    def __init__(self, surface, has_surface=True):
        self.surfaces, self.has_surface, self.asked = surface, has_surface, 0

    def summaries(self, object_id):
        return [ScanSummary(object_id=object_id, views=0, has_surface=self.has_surface)]

    def surface(self, object_id, limit):
        assert limit == MOST_POINTS
        self.asked += 1
        if isinstance(self.surfaces, Exception):
            raise self.surfaces
        return GetScanSurface.Response(surface=self.surfaces)


def test_a_scan_comes_with_its_surface_or_says_why_not():
    served = Served(cloud())
    views = ScanViews(lambda: GraphScans(served))
    assert len(views.load("box").surface.points) == len(BOX)
    assert views.load("box").surface is not None and served.asked == 1
    bare = ScanViews(lambda: GraphScans(Served(None, has_surface=False))).load("box")
    assert bare.surface is None and bare.no_surface == "The scan of box has no surface."
    torn = Served(Refused("surface of the scan of box", 10, "surface.ply is torn"))
    refused = ScanViews(lambda: GraphScans(torn)).load("box")
    assert refused.surface is None and "surface.ply is torn" in refused.no_surface
