"""Print what was taught."""

from __future__ import annotations

import argparse

from dense_grasp_client.client import GraspClient
from dense_grasp_client.examples.command import run


def work(client: GraspClient, options: argparse.Namespace) -> None:
    """A line per keypoint."""
    for row in client.taught(options.object):
        print(f"{row.object_id}/{row.keypoint}: clicked at ({row.u:.0f}, {row.v:.0f}), network {row.model_id}")


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser("list_taught", description=__doc__)
    parser.add_argument("--object", default="", help="of this object alone")
    return run(parser, work)
