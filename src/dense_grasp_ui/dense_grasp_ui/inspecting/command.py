"""`python -m dense_grasp_ui inspect`: serves the hover window until Ctrl-C."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from dense_grasp_core.command_line import exit_status

from dense_grasp_ui.access.limits import Limits
from dense_grasp_ui.access.rules import AccessRules
from dense_grasp_ui.inspecting.inspected import Inspected
from dense_grasp_ui.inspecting.picture_files import picture_files
from dense_grasp_ui.pictures.network import Network
from dense_grasp_ui.web.server import WebServer, listening_socket

HOST = "127.0.0.1"
PORT = 8081
LONGEST_SIDE = 1280
TAKEN = "so nothing is served: choose another with --port, 0 for any that is free"


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(
        prog="inspect",
        description="Point at a pixel of one picture and see where its descriptor is found in another (Eq. 8), in a "
        "browser on this machine. Needs no ROS.",
    )
    made.add_argument(
        "--model", required=True, metavar="FILE", help="network: .safetensors, or an exported .xml or .onnx"
    )
    made.add_argument(
        "--port", type=int, default=PORT, help=f"TCP port on {HOST} (default {PORT}); 0: any that is free"
    )
    made.add_argument(
        "--longest-side",
        type=int,
        default=LONGEST_SIDE,
        metavar="PX",
        help=f"larger pictures are shrunk to this before they are described (default {LONGEST_SIDE})",
    )
    made.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="pictures, folders of pictures, scans, or BOP data sets (their colour pictures)",
    )
    return made


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 after Ctrl-C, 1 with a sentence for what cannot be inspected."""
    command = parser()
    given = command.parse_args(argv)
    if not 0 <= given.port <= 65535:
        command.error(f"--port is {given.port}, expected 0 to 65535")
    if given.longest_side < 64:
        command.error(f"--longest-side is {given.longest_side}, expected at least 64 px")
    return exit_status("inspect", lambda: _serve(given))


def _serve(given: argparse.Namespace) -> int:
    pictures = picture_files(given.paths)
    network = Network(given.model)
    listener = listening_socket(HOST, given.port, taken=TAKEN)
    port = listener.getsockname()[1]
    # Imported here: it takes a second, and a wrong path is said before.
    from dense_grasp_ui.inspecting.inspect_site import inspect_site

    limits = Limits()
    inspected = Inspected(pictures, network, given.longest_side)
    server = WebServer(inspect_site(inspected, network, AccessRules(port), limits), listener, limits)
    server.start()
    print(f"{len(pictures)} pictures: open http://{HOST}:{port}/ ; Ctrl-C ends it", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.stop()
    return 0
