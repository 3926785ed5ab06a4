"""From a descriptor to a point: descriptor grid (Eq. 8), peaks, score, locate."""
