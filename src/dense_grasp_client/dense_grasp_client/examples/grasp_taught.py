"""Pick an object up by its taught contact; Ctrl-C cancels."""

from __future__ import annotations

import argparse

from dense_grasp_client.client import GraspClient
from dense_grasp_client.examples.command import run
from dense_grasp_interfaces.action import GraspObject

STAGES = {
    number: name.lower()
    for name in ("OBSERVING", "LOCATING", "PLANNING", "APPROACHING", "GRASPING", "LIFTING", "VERIFYING", "DELIVERING")
    for number in (getattr(GraspObject.Feedback, name),)
}


def work(client: GraspClient, options: argparse.Namespace) -> None:
    """Plan only or grasp; the stages as they come."""
    result = client.grasp(
        options.object,
        options.contact,
        on_stage=lambda stage, detail: print(f"{STAGES.get(stage, stage)}: {detail}", flush=True),
        plan_only=options.plan_only,
        may_drop=options.may_drop,
    )
    point = result.grasp_pose.pose.position
    frame = result.grasp_pose.header.frame_id
    print(f"{result.message}; tool centre point in {frame}: {point.x:.3f}, {point.y:.3f}, {point.z:.3f} m")


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser("grasp_taught", description=__doc__)
    parser.add_argument("object")
    parser.add_argument("--contact", default="", help="keypoint to pinch; default: contact")
    parser.add_argument("--plan-only", action="store_true", help="move nothing")
    parser.add_argument("--may-drop", action="store_true", help="open the fingers even where they hold something")
    return run(parser, work)
