"""The grasp executor's settings, its client of the query node, its markers."""
