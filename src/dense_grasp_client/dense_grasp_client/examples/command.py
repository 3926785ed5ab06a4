"""What the examples share: arguments, and errors as one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from dense_grasp_core.errors import DenseGraspError

from dense_grasp_client.client import GraspClient
from dense_grasp_client.connection import Connection


def run(parser: argparse.ArgumentParser, work: Callable[[GraspClient, argparse.Namespace], None]) -> int:
    """Parse the command line, connect and work; 0, or 1 after an error's sentence."""
    parser.add_argument("--namespace", default="", help="of the cell, as bringup's")
    parser.add_argument("--sim-time", action="store_true", help="with bringup.launch.py sim:=true")
    options = parser.parse_args()
    try:
        with Connection(parser.prog, options.namespace, use_sim_time=options.sim_time) as connection:
            work(GraspClient(connection=connection), options)
    except DenseGraspError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
