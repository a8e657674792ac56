"""GGUF embedding models run by llama.cpp. Knows files and tokens, no texts' meaning and no queues."""

from embedingest_llamacpp.encoder import LlamaEncoder, create

__all__ = ["LlamaEncoder", "create"]
__version__ = "0.1.0"
