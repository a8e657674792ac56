"""Turns settings into engines, pipelines, searchers and servers. The one room that knows all others; prints nothing."""
