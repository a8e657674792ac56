"""Places that are no local folder, mirrored into one."""
