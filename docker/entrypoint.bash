#!/usr/bin/env bash
# Every command of the container runs with ROS and the workspace sourced.
source /opt/ros/jazzy/setup.bash
source /dense_grasp/setup.bash
exec "$@"
