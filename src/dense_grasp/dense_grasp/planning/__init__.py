"""Planners: registry and adapters."""
