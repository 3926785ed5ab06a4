"""The embedded planner."""
