"""What every exchange promises to a process, whether others are there or not."""

from server.exchange.protocol import Exchange


class ExchangeContract:
    """Subclass it and give it the fixture ``exchange``: one called ``here``."""

    async def test_it_lives_itself_announced_or_not(self, exchange: Exchange) -> None:
        assert exchange.name == "here"
        assert await exchange.alive(frozenset({"here", "gone"})) == {"here"}
        await exchange.announce("http://127.0.0.1:8000")
        assert await exchange.alive(frozenset({"here", "gone"})) == {"here"}

    async def test_process_agrees_with_itself(self, exchange: Exchange) -> None:
        assert await exchange.agree("mark")
        assert await exchange.agree("mark")

    async def test_nobody_is_alive_among_nobody(self, exchange: Exchange) -> None:
        assert await exchange.alive(frozenset()) == frozenset()

    async def test_process_that_never_was_is_not_found(self, exchange: Exchange) -> None:
        assert await exchange.find("gone") is None

    async def test_own_messages_do_not_come_back(self, exchange: Exchange) -> None:
        heard: list[str] = []
        end = exchange.listen("s", heard.append)
        exchange.publish("s", "to the others")
        await exchange.take_seat("s", "면접관_1", "link", 1)  # A round trip, where there is one.
        assert heard == []
        end()
        end()

    async def test_person_takes_a_seat_leaves_it_and_takes_it_again(
        self, exchange: Exchange
    ) -> None:
        assert await exchange.take_seat("s", "면접관_1", "link", 30)
        assert await exchange.take_seat("s", "면접관_1", "link", 30)
        for _ in range(3):  # Once more than it was taken.
            await exchange.leave_seat("s", "면접관_1", "link", 30)
        assert await exchange.take_seat("s", "면접관_1", "link", 30)

    async def test_closing_twice_is_closing(self, exchange: Exchange) -> None:
        await exchange.announce("http://127.0.0.1:8000")
        await exchange.close()
        await exchange.close()
        exchange.publish("s", "too late")
