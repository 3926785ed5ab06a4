"""The parts of the page, each for one browser; NiceGUI keeps the browser's picture of them up to date."""
