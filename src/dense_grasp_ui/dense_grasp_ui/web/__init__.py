"""The web server and what it serves beside the page itself."""
