"""The grasp sequence, its interfaces, contacts and pinches."""
