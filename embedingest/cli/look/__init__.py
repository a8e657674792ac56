"""The commands that look and change nothing, but for `verify --repair`."""
