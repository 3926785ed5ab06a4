"""What the launch files share: configuration files, overrides from arguments, paths of the shipped model and the store.

Nothing here imports launch, so the functions are tested as functions.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dense_grasp_core.cameras.record import CameraRecordError, camera_record
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.parameters import ParameterError
from dense_grasp_ros.known_parameters import GROUP, Known, check_override, known_nodes
from dense_grasp_ros.node_runner import CONFIGURATION_ERROR
from dense_grasp_ros.parameter_files import Override, ParameterFileError, read_parameter_file
from dense_grasp_ros.shared_parameters import CAMERA

SHIPPED_MODEL = "compact_caps.safetensors"
# Fast DDS 2 reads the first, Fast DDS 3 the second.
FASTDDS_PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
RESPAWN_DELAY_S = 2.0
#: A simulation shares its machine with physics and renderer, which hold the nodes up for a tenth of a second at times.
SIMULATED_HEARTBEAT_S = 2.0
#: And joint states, which come when the simulation gets to them.
SIMULATED_JOINT_STATE_S = 5.0


#: Values of the launch argument camera that name where pictures come from instead of a make.
REPLAY, STARTED_ELSEWHERE = SOURCES = ("replay", "none")


class LaunchArgumentError(DenseGraspError):
    """A launch argument, or a configuration file that a launch file reads, has a value that cannot be used."""


def share_directory() -> Path:
    """The installed share folder of this package: config/, launch/ and models/ lie in it."""
    from ament_index_python.packages import get_package_share_directory

    return Path(get_package_share_directory("dense_grasp"))


def is_configuration_error(returncode: int) -> bool:
    """Whether a node ended because its parameters cannot be used."""
    return returncode == CONFIGURATION_ERROR


def config_file(name: str, share: Path | None = None) -> str:
    """Absolute path of a file in config/, as nodes take it for a parameter file."""
    path = (share or share_directory()) / "config" / name
    if not path.is_file():
        raise LaunchArgumentError(f"configuration file {path} does not exist, expected it in config/ of the checkout")
    return str(path)


def gripper_files(gripper: str, share: Path | None = None) -> list[str]:
    """Parameter files to lay over the others for a gripper: config/gripper_<name>.yaml, where there is one."""
    path = (share or share_directory()) / "config" / f"gripper_{gripper}.yaml"
    return [str(path)] if gripper and path.is_file() else []


def read_parameter(path: str, name: str, default: object = None) -> object:
    """One value of a ROS parameter file that is written for every node (`/**: ros__parameters:`)."""
    try:
        values = [override.value for override in read_parameter_file(path) if override.name == name]
    except ParameterFileError as error:
        raise LaunchArgumentError(str(error)) from error
    return values[-1] if values else default


def check_configuration(share: Path | None = None) -> None:
    """Raises LaunchArgumentError for the first setting in config/ that no node knows, or that none can take."""
    known = known_nodes()
    if not known:
        raise LaunchArgumentError(
            f"no installed package names its parameters (entry points {GROUP}): build the workspace again (make setup)"
        )
    for path in sorted(((share or share_directory()) / "config").glob("*.yaml")):
        try:
            for override in read_parameter_file(str(path)):
                check_override(override, known, strict=True)
                _check_value(override, known)
        except (ParameterError, ParameterFileError) as error:
            message = str(error)
            raise LaunchArgumentError(message if str(path) in message else f"{path}: {message}") from error


def _check_value(override: Override, known: Known) -> None:
    refusals = []
    for specs in [known[override.node]] if override.node in known else known.values():
        if override.name in specs:
            try:
                specs[override.name].check(override.value)
                return
            except ParameterError as error:
                refusals.append(error)
    if refusals:
        raise refusals[0]


def given(values: Mapping[str, str]) -> dict[str, str]:
    """The arguments that were given: an empty one leaves the value of the configuration file alone."""
    return {name: value for name, value in values.items() if value}


def flag(name: str, value: str) -> bool:
    """A launch argument that is true or false; raises LaunchArgumentError for anything else."""
    if value.lower() in ("true", "1"):
        return True
    if value.lower() in ("false", "0"):
        return False
    raise LaunchArgumentError(f"launch argument {name} is '{value}', expected true or false")


def model_path(value: str, share: Path | None = None) -> str:
    """The network file: the argument as an absolute path, or the shipped network when it is empty."""
    if value:
        return str(Path(value).expanduser().resolve())
    return str((share or share_directory()) / "models" / SHIPPED_MODEL)


def store_url(value: str, namespace: str = "", environ: Mapping[str, str] = os.environ) -> str:
    """The descriptor store: the argument, or a SQLite file in the ROS home folder, which is made when it is lacking.

    Each namespace has a file of its own, in a folder of its name: what one cell is taught, another does not know.
    """
    if value:
        return value
    home = Path(environ.get("ROS_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".ros")
    home = home.joinpath(*namespace.strip("/").split("/"))
    home.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{home}/dense_grasp.db"


def full_namespace(pushed: str, name: str) -> str:
    """The absolute namespace that nodes get, "" for the root: `name` below what the launch files around have pushed.

    A launch file around that pushed `name` itself hands it down as an argument, too, and is not followed twice.
    """
    around, own = pushed.strip("/"), name.strip("/")
    parts = [own] if name.startswith("/") or around == own else [around, own]
    path = "/".join(part for part in parts if part)
    return f"/{path}" if path else ""


def transport_environment(environ: Mapping[str, str] = os.environ, share: Path | None = None) -> dict[str, str]:
    """Environment variables that give Fast DDS room for images; none when the environment names a profile itself."""
    if any(environ.get(name) for name in FASTDDS_PROFILE_VARIABLES):
        return {}
    return dict.fromkeys(FASTDDS_PROFILE_VARIABLES, config_file("fastdds.xml", share))


def arithmetic_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """One thread for OpenBLAS (numpy, scipy) in each node; none when the environment says how many.

    The matrices here are small: on a busy machine its threads spin while they wait for each other, and a search for an
    object took three to four times its processor time. Networks have threads of their own (parameter `threads`).
    """
    chosen = any(environ.get(name) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"))
    return {} if chosen else {"OPENBLAS_NUM_THREADS": "1"}


def camera_make(value: str) -> dict[str, str]:
    """The parameter that a value of the launch argument camera gives the nodes: a make, by its name or its record.

    Empty where the argument names no make: then that of config/camera.yaml holds. Raises LaunchArgumentError.
    """
    if value in ("", *SOURCES):
        return {}
    try:
        camera_record(value)
    except CameraRecordError as error:
        raise LaunchArgumentError(f"launch argument {error}, {' or '.join(SOURCES)}") from error
    return {CAMERA.name: value}


def chosen_make(value: str, share: Path | None = None) -> str:
    """The make that a value of the launch argument camera, or else config/camera.yaml, names. Raises as camera_make."""
    configured = read_parameter(config_file("camera.yaml", share), CAMERA.name, CAMERA.default)
    return camera_make(value).get(CAMERA.name, str(configured))
