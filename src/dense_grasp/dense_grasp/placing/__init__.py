"""The action PlaceObject: what the hand holds is put down."""
