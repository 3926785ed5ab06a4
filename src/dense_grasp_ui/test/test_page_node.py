"""The page's node: an address that cannot be served is said in a line, and the cell goes on."""

import os
import socket

import pytest
from dense_grasp_ui.web import server

from dense_grasp_ui import page


@pytest.fixture
def taken(monkeypatch):
    """A port that another process serves."""
    monkeypatch.setattr(server.listening_socket, "__defaults__", (0.0, server.TAKEN))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_is_taken_is_said_with_what_to_do(taken, capfd):
    assert page.main(["--ros-args", "-p", f"port:={taken}"]) == os.EX_CONFIG
    (line,) = [line for line in capfd.readouterr().err.splitlines() if line.startswith("operators_page:")]
    assert f"port {taken} of 127.0.0.1 is taken" in line and "ui_port:=8081" in line and "the cell runs without" in line


def test_an_address_that_is_not_of_this_machine(capfd):
    assert page.main(["--ros-args", "-p", "host:=203.0.113.9"]) == os.EX_CONFIG
    assert "the page cannot be served on 203.0.113.9 port 8080" in capfd.readouterr().err


def test_a_socket_is_had_when_the_page_of_before_has_gone():
    first = server.listening_socket("127.0.0.1", 0)
    port = first.getsockname()[1]
    first.close()
    with server.listening_socket("127.0.0.1", port, patience=0.0) as second:
        assert second.getsockname()[1] == port
