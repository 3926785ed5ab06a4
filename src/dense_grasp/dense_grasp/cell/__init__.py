"""What check_cell looks at, a module each: pure functions from what was observed to lines of its table."""
