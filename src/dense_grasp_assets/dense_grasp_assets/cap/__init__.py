"""The parametric cap."""
