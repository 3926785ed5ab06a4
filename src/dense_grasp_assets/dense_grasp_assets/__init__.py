"""Objects that training and simulation share: parametric caps and solids, their textures and collision shapes."""
