"""The exceptions of tf2."""


class TransformException(Exception):
    """Base of everything tf2 raises."""


class ConnectivityException(TransformException):
    """The two frames are in different trees."""


class LookupException(TransformException):
    """A frame is unknown."""


class ExtrapolationException(TransformException):
    """The requested time lies outside the stored times."""


class InvalidArgumentException(TransformException):
    """A frame name is empty or starts with a slash."""


class TimeoutException(TransformException):
    """A server did not answer in time."""
