"""A scanned object: its views, its surface, the bank of its descriptors, and its pose in a picture."""
