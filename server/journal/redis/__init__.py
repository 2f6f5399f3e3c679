"""The journal in Redis Streams, for several processes."""
