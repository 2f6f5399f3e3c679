"""Tests of server/entrance."""
