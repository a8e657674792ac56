"""Turns settings into engines, pipelines, searchers and servers. The only room that knows all others; prints nothing."""
