"""The dome of directions as the page draws it."""

import xml.etree.ElementTree as ET

import numpy as np
from dense_grasp_ui.attempts import ScanProgress
from dense_grasp_ui.panels.dome import dome_svg


def drawn(*directions):
    return ET.fromstring(dome_svg(ScanProgress(len(directions), 6, 0.25, directions)))


def test_each_picture_has_a_dot_in_what_it_covers():
    half = np.sqrt(0.5)
    svg = drawn((0.0, 0.0, 1.0), (half, 0.0, half), (0.0, 1.0, 0.0))
    dots = svg.findall("g[@class='dg-dome-dots']/circle")
    places = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in dots]
    np.testing.assert_allclose(places, [(0, 0), (0.5, 0), (0, -1)], atol=1e-3)  # SVG's y points down
    shapes = svg.findall("g[@class='dg-dome-covered']/polygon")
    for shape, (x, y) in zip(shapes, places, strict=True):
        corners = np.array([corner.split(",") for corner in shape.get("points").split()], float)
        assert np.hypot(*(corners.mean(0) - [x, y])) < 0.05 and np.ptp(corners, axis=0).min() > 2 * 20 / 90 - 0.01
    assert (
        svg.get("aria-label") == "3 of 6 pictures, 25% of the directions above the table" and svg.get("role") == "img"
    )


def test_an_empty_dome_is_one_too():
    svg = drawn()
    assert (
        svg.findall("g[@class='dg-dome-dots']/circle") == []
        and len(svg.findall("g[@class='dg-dome-rings']/circle")) == 3
    )
