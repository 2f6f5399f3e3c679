"""Sound and data of browsers: the only package that knows aiortc; blocks and texts come out."""
