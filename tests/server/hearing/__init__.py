"""Tests of server/hearing."""
