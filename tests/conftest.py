"""Fixtures that more than one folder of tests uses."""

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[BlockBuster | None]:
    """Fail a test whose code blocks the event loop (sleep, file and socket calls)."""
    with blockbuster_ctx(["server", "pipeline"]) as blockbuster:
        yield blockbuster
