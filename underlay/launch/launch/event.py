"""Base of events."""


class Event:
    """Something that happened."""

    name = "launch.Event"
