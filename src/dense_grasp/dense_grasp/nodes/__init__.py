"""The nodes, thin: message, pure function, message."""
