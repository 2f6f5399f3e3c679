"""Tests of telling voices apart."""
