"""What `demo --watch` does: finds a port, reads where the page is, and opens a browser where there is a display."""

import os
import socket
import subprocess
import sys

import pytest
from dense_grasp_bench.session import launch_arguments
from dense_grasp_bench.watching import free_port, has_display, open_page, served_address
from dense_grasp_client.connection import GraphError

ADDRESS = "http://127.0.0.1:8080/"
LOG = f"[page-7] [INFO] [1.0] [operators_page]: operator's page: {ADDRESS}\n"
#: The opening thread ends before the process does.
OPEN = """
import sys, threading
from pathlib import Path
from dense_grasp_bench.watching import open_page
print(open_page(Path(sys.argv[1]), lambda: None))
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join()
"""


def test_the_wanted_port_is_taken_where_it_is_free():
    wanted = free_port()
    assert free_port(wanted) == wanted
    with socket.create_server(("127.0.0.1", wanted)):
        assert free_port(wanted) not in (wanted, 0)


def test_the_graph_is_started_with_the_page_on_that_port(tmp_path):
    assert {"ui:=true", "ui_port:=8085"} <= set(launch_arguments(tmp_path, page_port=8085))
    assert "ui:=false" in launch_arguments(tmp_path)


@pytest.mark.parametrize("display", ["", ":0"])
def test_a_browser_opens_where_there_is_a_display_and_the_address_is_said_in_any_case(tmp_path, display):
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    (tmp_path / "graph.log").write_text(LOG)
    environment = {**os.environ, "BROWSER": f"{browser} %s", "DISPLAY": display, "WAYLAND_DISPLAY": ""}
    command = [sys.executable, "-c", OPEN, str(tmp_path / "graph.log")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert f"watch it at {ADDRESS} until it ends" in done.stdout, done.stderr
    assert (opened.read_text() if opened.exists() else "") == (ADDRESS if display else "")
    assert ("no display" in done.stdout) is not bool(display)


def test_a_graph_without_a_page_goes_on_and_one_that_ended_does_not(tmp_path):
    log = tmp_path / "graph.log"
    log.write_text("the page is not installed\n")
    assert served_address(log) == ""
    assert "there is no page to watch" in open_page(log, lambda: None, timeout=0.0)

    def ended():
        raise GraphError("the graph ended with code 1")

    with pytest.raises(GraphError, match="ended with code 1"):
        open_page(log, ended, timeout=0.0)


def test_a_display_is_one_of_x11_or_wayland():
    assert has_display({"DISPLAY": ":0"}) and has_display({"WAYLAND_DISPLAY": "wayland-0"})
    assert sys.platform != "linux" or not has_display({"DISPLAY": ""})
