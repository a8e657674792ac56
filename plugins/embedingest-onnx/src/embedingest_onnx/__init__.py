"""ONNX Runtime encoders for embedingest. Knows graphs, no texts and no queues."""

from embedingest_onnx.encoder import OnnxEncoder, create

__all__ = ["OnnxEncoder", "create"]
__version__ = "0.1.0"
