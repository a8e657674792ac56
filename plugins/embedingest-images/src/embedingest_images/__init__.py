"""Pictures as documents, and models that embed them beside texts. The loader knows no model, the encoder no file."""

__all__: list[str] = []
__version__ = "0.1.0"
