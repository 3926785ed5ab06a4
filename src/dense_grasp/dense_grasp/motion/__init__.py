"""Adapters between planned motion and the controllers of arm and gripper."""
