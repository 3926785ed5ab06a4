"""The operator's page: look, point, teach and grasp from a browser."""
