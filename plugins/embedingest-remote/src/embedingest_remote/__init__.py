"""Engines that embed with another server. Knows two wires, no models."""

from embedingest_remote.engine import RemoteEngine, create
from embedingest_remote.settings import RemoteSettings

__all__ = ["RemoteEngine", "RemoteSettings", "create"]
__version__ = "0.1.0"
