"""Training, calibration and export of a network."""
