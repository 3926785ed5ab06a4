"""The devices under the real cell's names."""
