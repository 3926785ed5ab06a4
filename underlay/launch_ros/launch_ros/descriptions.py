"""Descriptions of parameters, under their second name."""

from launch.not_offered import not_offered
from launch_ros.parameter_descriptions import Parameter, ParameterFile, ParameterValue

__getattr__ = not_offered(__name__)
__all__ = ["Parameter", "ParameterFile", "ParameterValue"]
