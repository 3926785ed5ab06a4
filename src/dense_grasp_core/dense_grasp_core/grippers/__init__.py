"""What each gripper is and can do: a record in a YAML file, and its reader."""
