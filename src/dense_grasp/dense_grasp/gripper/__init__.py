"""Grippers: adapters and their registry."""
