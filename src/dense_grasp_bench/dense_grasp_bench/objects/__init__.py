"""A scanned object in simulated pictures: its pose, its keypoints, pictures without it, several of it."""
