"""The doors: HTTP and WebSocket in, typed messages through, errors as sentences out."""
