# Source this in bash after `make setup`: it makes `ros2 launch dense_grasp …` and the rest work in this shell.
# With a ROS environment of your own (apt, conda, an overlay) source that one first.
_dg_root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ ! -f "$_dg_root/.setup/floor.bash" ] || [ ! -f "$_dg_root/.venv/bin/activate" ]; then
  echo "setup.bash: this checkout is not set up yet: run make setup" >&2
  unset _dg_root
  return 1
fi
# The ROS wheels start Python anew with LD_LIBRARY_PATH set and mark that with a guard. A guard inherited from elsewhere
# would keep them from doing so here.
unset _ROS_WHEELS_BOOTSTRAP_COMPLETE
# An environment that is activated already holds the ROS that this one builds on: activating a second one would first
# undo the first, and take its commands off the PATH.
if [ -n "${VIRTUAL_ENV:-}" ] && [ "$VIRTUAL_ENV" != "$_dg_root/.venv" ]; then
  unset _OLD_VIRTUAL_PATH _OLD_VIRTUAL_PYTHONHOME _OLD_VIRTUAL_PS1
  unset -f deactivate
fi
source "$_dg_root/.venv/bin/activate"
source "$_dg_root/.setup/floor.bash"
# Renders without a display.
export MUJOCO_GL=${MUJOCO_GL:-egl}
# While the workspace itself is built, an earlier build of it must not be in the way.
if [ -z "${DENSE_GRASP_BUILDING:-}" ] && [ -f "$_dg_root/install/local_setup.bash" ]; then
  source "$_dg_root/install/local_setup.bash"
fi
unset _dg_root
