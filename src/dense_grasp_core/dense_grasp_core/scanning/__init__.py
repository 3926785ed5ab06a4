"""Taking a scan: what stands on the table, from where to look at it, and what of the pictures is the object."""
