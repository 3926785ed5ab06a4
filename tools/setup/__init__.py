"""Sets up the workspace: virtual environment, locked packages, robot models, system libraries, colcon build."""
