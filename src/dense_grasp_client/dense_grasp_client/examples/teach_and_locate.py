"""Teach one point by a pixel, then find it in the next image."""

from __future__ import annotations

import argparse

from dense_grasp_client.client import GraspClient
from dense_grasp_client.examples.command import run


def work(client: GraspClient, options: argparse.Namespace) -> None:
    """Teach, locate, print."""
    client.teach(options.object, options.keypoint, options.u, options.v, overwrite=True)
    (match,) = client.locate(options.object, [options.keypoint])
    if match.code != match.OK:
        print(f"not found: code {match.code}: {match.message}")
        return
    point = match.position
    print(f"found at pixel ({match.u:.0f}, {match.v:.0f}) with score {match.score:.2f}")
    print(f"in {match.header.frame_id}: x {point.x:.3f}, y {point.y:.3f}, z {point.z:.3f} m")


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser("teach_and_locate", description=__doc__)
    parser.add_argument("object")
    parser.add_argument("keypoint")
    parser.add_argument("u", type=float, help="px in the colour image, to the right")
    parser.add_argument("v", type=float, help="px, down")
    return run(parser, work)
