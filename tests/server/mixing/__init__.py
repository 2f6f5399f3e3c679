"""Tests of server.mixing."""
