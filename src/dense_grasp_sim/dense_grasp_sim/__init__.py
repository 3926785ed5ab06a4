"""The embedded cell in MuJoCo: camera, arm and gripper under the real cell's names."""

import ctypes
import os


def _choose_opengl() -> None:
    """Headless rendering by EGL. Without the library MuJoCo would not even import, so rendering is switched off."""
    if os.environ.get("MUJOCO_GL", "egl").lower() != "egl":
        return
    try:
        ctypes.CDLL("libEGL.so.1")
        os.environ["MUJOCO_GL"] = "egl"
    except OSError:
        os.environ["MUJOCO_GL"] = "off"


_choose_opengl()
