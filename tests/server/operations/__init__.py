"""Tests of numbers and logs."""
