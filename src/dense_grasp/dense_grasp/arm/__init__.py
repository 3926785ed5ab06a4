"""The arm: joint states, trajectories, limits, recovery, heartbeat."""
