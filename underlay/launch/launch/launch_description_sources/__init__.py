"""Where launch descriptions come from."""

from launch.launch_description_source import (
    AnyLaunchDescriptionSource,
    InvalidLaunchFileError,
    PythonLaunchDescriptionSource,
    get_launch_description_from_python_launch_file,
)
from launch.not_offered import not_offered

__getattr__ = not_offered(__name__)
__all__ = [
    "AnyLaunchDescriptionSource",
    "InvalidLaunchFileError",
    "PythonLaunchDescriptionSource",
    "get_launch_description_from_python_launch_file",
]
