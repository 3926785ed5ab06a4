"""Views, pairs and test sets on disk and in memory."""
