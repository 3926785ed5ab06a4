"""Images, descriptors and taught keypoints, for the nodes."""
