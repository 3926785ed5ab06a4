"""The events dense_grasp uses."""

from launch.event import Event
from launch.events import process
from launch.events.shutdown import Shutdown
from launch.not_offered import not_offered

__getattr__ = not_offered(__name__)
__all__ = ["Event", "Shutdown", "process"]
