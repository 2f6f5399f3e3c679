"""Where peers are met: one address, or all of the machine, decided for one peer at a time.

aioice has no setting for it and never offers 127.0.0.1, which tests and one-machine rooms need.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import aioice.ice

LOOPBACK: Final = "127.0.0.1"

_bind_address: ContextVar[str | None] = ContextVar("bind_address", default=None)
_with_loopback: ContextVar[bool] = ContextVar("with_loopback", default=False)
_all_of_the_machine: Final[Callable[[bool, bool], list[str]]] = aioice.ice.get_host_addresses


@contextmanager
def bound_to(address: str | None, *, with_loopback: bool = False) -> Iterator[None]:
    """Gather candidates where it is said, in this task and those it starts.

    Args:
        address: the only one; None: all of the machine.
        with_loopback: whether these include 127.0.0.1.
    """
    bound, loopback = _bind_address.set(address), _with_loopback.set(with_loopback)
    try:
        yield
    finally:
        _bind_address.reset(bound)
        _with_loopback.reset(loopback)


def host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    """Return where to gather candidates, as aioice asks for it."""
    address = _bind_address.get()
    if address is not None:
        return [address]
    own = [LOOPBACK] if _with_loopback.get() else []
    return own + _all_of_the_machine(use_ipv4, use_ipv6)


# The one place where aioice is changed; the self-test sees to it that aioice still calls it.
aioice.ice.get_host_addresses = host_addresses
