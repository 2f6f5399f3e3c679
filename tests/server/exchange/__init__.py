"""Tests of how processes meet: one contract, and what Redis promises beyond it."""

import pytest

# The contract is a module of its own, which pytest would not rewrite by itself.
pytest.register_assert_rewrite("tests.server.exchange.contract")
