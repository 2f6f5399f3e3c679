"""Where candidates are gathered: one address for one peer, everything for the others."""

import asyncio

import aioice.ice
import pytest

from server.environment import read_address
from server.media.addresses import bound_to


def gathered() -> list[str]:
    return aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=False)


async def test_bind_address_holds_in_this_task_and_its_children_only() -> None:
    everywhere = gathered()
    may_end = asyncio.Event()

    async def bound() -> list[str]:
        with bound_to("127.0.0.1"):
            found = await asyncio.create_task(asyncio.to_thread(gathered))
            await may_end.wait()
        return found + gathered()

    task = asyncio.create_task(bound())
    await asyncio.sleep(0)
    assert gathered() == everywhere
    may_end.set()
    assert await task == ["127.0.0.1", *everywhere]


def test_no_bind_address_means_all_of_the_machine() -> None:
    with bound_to("127.0.0.1"), bound_to(None):
        assert "127.0.0.1" not in gathered()


def test_loopback_can_be_among_all_of_the_machine() -> None:
    everywhere = gathered()
    with bound_to(None, with_loopback=True):
        assert gathered() == ["127.0.0.1", *everywhere]


@pytest.mark.parametrize(
    ("text", "address"), [(" 203.0.113.9 ", "203.0.113.9"), ("2001:DB8::0009", "2001:db8::9")]
)
def test_address_is_read(text: str, address: str) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize("text", ["", "media.example", "0.0.0.0", "::", "224.0.0.1", "1.2.3.4:5"])
def test_what_nobody_can_be_met_at_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_address(text)
