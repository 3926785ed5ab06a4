"""Node: serves the operator's page."""

from __future__ import annotations

import secrets
import socket
import sys

from dense_grasp_ros.camera_parameters import declare_with_camera
from dense_grasp_ros.diagnostics import OK, Diagnostics, Report
from dense_grasp_ros.node_runner import run_node
from rclpy.node import Node

from dense_grasp_ui.access.limits import Limits
from dense_grasp_ui.access.rules import LOOPBACK_NAMES, AccessRules, bracketed, is_loopback
from dense_grasp_ui.cell import Cell
from dense_grasp_ui.graph_robot import GraphRobot
from dense_grasp_ui.page_backend import PageBackend
from dense_grasp_ui.page_parameters import OPERATORS_PAGE
from dense_grasp_ui.web.server import WebServer, listening_socket

NAME = "operators_page"
OPEN = (
    "the operator's page is open to the network at {where}: whoever knows its token can move the robot, and what is "
    "sent is not encrypted. Keep ui_host:=127.0.0.1 unless this network is yours alone"
)


class OperatorsPage(Node):
    """Serves the page from its construction until destroy_node.

    Raises PortError when the address is not of this machine or the port is taken: the cell goes on without a page.
    """

    def __init__(self, **node_arguments):
        super().__init__(NAME, **node_arguments)
        values = declare_with_camera(self, OPERATORS_PAGE)
        host, port = values["host"], values["port"]
        listener = listening_socket(host, port)
        token = "" if is_loopback(host) else values["token"] or secrets.token_urlsafe(16)
        names = LOOPBACK_NAMES if is_loopback(host) else (*LOOPBACK_NAMES, host.lower(), socket.gethostname().lower())
        limits = Limits()
        cell = Cell(self, values)
        self._backend = PageBackend(cell, GraphRobot(self, cell.calls, values, cell.in_node), values["model"])
        # Imported here: it takes a second, and a wrong parameter is said before.
        from dense_grasp_ui.operator_site import operator_site

        site = operator_site(self._backend, AccessRules(port, names, token), limits)
        self._server = WebServer(site, listener, limits)
        self._server.start()
        where = f"http://{bracketed(host)}:{port}/" + (f"?token={token}" if token else "")
        told = f"http://{bracketed(host)}:{port}/"
        self._diagnostics = Diagnostics(
            self, told, {"page": lambda: Report(OK, f"served at {told}", {"browsers": self._backend.control.browsers})}
        )
        if token:
            self.get_logger().warning(OPEN.format(where=told))
        self.get_logger().info(f"operator's page: {where}")

    def destroy_node(self) -> None:
        """Stop the web server, then the node."""
        self._server.stop()
        self._backend.close()
        super().destroy_node()


def main(arguments: list[str] | None = None) -> int:
    """Entry point; CONFIGURATION_ERROR when a parameter cannot be used or the port is taken."""
    return run_node(NAME, OperatorsPage, arguments)


if __name__ == "__main__":
    sys.exit(main())
