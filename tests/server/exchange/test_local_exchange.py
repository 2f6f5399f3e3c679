"""The exchange of a process that is alone."""

import pytest

from server.exchange.local import LocalExchange
from server.exchange.protocol import Exchange
from tests.server.exchange.contract import ExchangeContract


class TestLocalExchange(ExchangeContract):
    """Runs the contract."""

    @pytest.fixture
    def exchange(self) -> Exchange:
        return LocalExchange("here")


async def test_process_that_is_alone_is_not_found_by_itself_and_gives_every_seat() -> None:
    exchange = LocalExchange("here")
    await exchange.announce("http://127.0.0.1:8000")
    assert await exchange.find("here") is None
    assert await exchange.take_seat("s", "면접관_1", "one", 30)
    # Who may sit down is decided by the room itself where nobody else decides.
    assert await exchange.take_seat("s", "면접관_1", "other", 30)
