"""The action ScanObject: the camera on the arm looks at an object from all sides."""
