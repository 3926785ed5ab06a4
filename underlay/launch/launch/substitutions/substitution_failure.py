"""The error of substitutions, under upstream's module name."""

from launch.substitution import SubstitutionFailure

__all__ = ["SubstitutionFailure"]
