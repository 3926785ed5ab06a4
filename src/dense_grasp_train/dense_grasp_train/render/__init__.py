"""Rendered views with exact ground truth."""
