"""The grippers that the simulated arm may carry: one module each."""
