"""Text in pictures as documents. Knows pages and lines, no chunks."""

from embedingest_ocr.loader import OcrLoader, create

__all__ = ["OcrLoader", "create"]
__version__ = "0.1.0"
