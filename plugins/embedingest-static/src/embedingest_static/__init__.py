"""Static encoders for embedingest: one vector a token, looked up and averaged. Knows Model2Vec folders."""

from embedingest_static.encoder import StaticEncoder, create

__all__ = ["StaticEncoder", "create"]
__version__ = "0.1.0"
