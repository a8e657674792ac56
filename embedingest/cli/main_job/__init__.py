"""The commands of the main job: keep a table equal to its folders, search it, serve it."""
