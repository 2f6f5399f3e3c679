"""Tests of the journals: one contract, and what each store promises beyond it."""

import pytest

# The contract is a module of its own, which pytest would not rewrite by itself.
pytest.register_assert_rewrite("tests.server.journal.contract")
