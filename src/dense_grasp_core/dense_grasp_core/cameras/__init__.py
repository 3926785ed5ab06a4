"""Cameras: one record a make, which says how its driver publishes and is started."""
