"""The engine over HTTP. Never sees a file path of the ingest walk.

"Case N" names one of the numbered cases of Ollama's embedding interface; each has a file under `tests/data/wire/`.
"""
