"""Objects that training and simulation share: a parametric cap, its textures and collision shape."""
