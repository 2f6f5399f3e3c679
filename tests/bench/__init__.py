"""Tests of what measurements and tests share."""
