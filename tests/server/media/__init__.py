"""Tests of server/media; the peers on both sides are real and meet on 127.0.0.1."""
