"""Clock and waiting, inside callbacks."""
