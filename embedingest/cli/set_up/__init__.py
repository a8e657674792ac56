"""The commands around the main job: models, plug-ins, configuration files, shells and assistants."""
