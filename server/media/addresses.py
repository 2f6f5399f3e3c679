"""Where peers are met: the bind address replaces what aioice finds, for one peer at a time.

aioice has no setting for it and never offers 127.0.0.1, which tests and one-machine rooms need.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import aioice.ice

_bind_address: ContextVar[str | None] = ContextVar("bind_address", default=None)
_all_of_the_machine: Final[Callable[[bool, bool], list[str]]] = aioice.ice.get_host_addresses


@contextmanager
def bound_to(address: str | None) -> Iterator[None]:
    """Gather candidates at ``address`` only, in this task and those it starts; None: everywhere."""
    token = _bind_address.set(address)
    try:
        yield
    finally:
        _bind_address.reset(token)


def host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    """Return where to gather candidates, as aioice asks for it."""
    address = _bind_address.get()
    return [address] if address is not None else _all_of_the_machine(use_ipv4, use_ipv6)


# The one place where aioice is changed; the self-test sees to it that aioice still calls it.
aioice.ice.get_host_addresses = host_addresses
