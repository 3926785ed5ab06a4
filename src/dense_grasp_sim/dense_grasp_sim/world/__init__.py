"""The world as a MuJoCo model: robot, table, objects, light."""
