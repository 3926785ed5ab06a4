"""What `python -m dense_grasp_ui inspect` imports; the window itself is tested by tests/test_inspect_page.py."""

import re
import subprocess
import sys

IMPORTED = "import dense_grasp_ui.__main__, dense_grasp_ui.inspecting.inspect_site, sys; print('\\n'.join(sys.modules))"
ROS = re.compile(r"(rclpy|rcl_interfaces|dense_grasp_ros|dense_grasp_client|dense_grasp_interfaces|\w+_(msgs|srvs))\b")


def test_inspect_reaches_no_module_that_needs_ros():
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True)
    assert "dense_grasp_ui.web.routes" in done.stdout.split(), done.stderr
    assert [name for name in done.stdout.split() if ROS.match(name)] == []
