"""Adapters to model libraries, and the only modules that import them."""
