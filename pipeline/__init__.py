"""Audio and language: samples in, values out. No sockets, no web framework, no aiortc."""
