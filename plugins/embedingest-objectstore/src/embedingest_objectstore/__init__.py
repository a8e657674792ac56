"""Object stores as sources: a listing with ETags, and the bytes of one object. Knows no documents."""

from embedingest_objectstore.source import ObjectStoreSource, Settings, create

__all__ = ["ObjectStoreSource", "Settings", "create"]
__version__ = "0.1.0"
