"""Putting down what the hand holds: where it is released, and the stages of the action."""
