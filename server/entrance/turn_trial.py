"""Whether a TURN server relays sound to this machine: something is sent through it."""

import asyncio
import ssl
from dataclasses import dataclass
from typing import Final

from aioice.stun import TransactionError, TransactionFailed
from aioice.turn import TurnTransport, create_turn_endpoint

from server.entrance.ice_servers import IceAddress
from server.entrance.stun import PATIENCE_S, RESEND_S, NoAnswer, reason
from server.entrance.turn import Login

_QUESTION: Final = b"daedam doctor"
_FORBIDDEN: Final = 403
"""RFC 8656, section 19: the server allows no traffic to that peer."""


class NotRelayed(Exception):
    """Why nothing came through a TURN server that does take the credentials."""


async def ask(address: IceAddress, shown: Login, told: str, patience_s: float = PATIENCE_S) -> None:
    """Return when something sent through the server has arrived here.

    Args:
        address: the TURN server's.
        shown: the credentials.
        told: an address of this machine, as browsers are told it.
        patience_s: for each step.

    Raises:
        NoAnswer: it gives no relayed address for these credentials, or not in time; says why.
        NotRelayed: nothing came through; says why.
    """
    near = _Near()
    transport = await _allocate(address, shown, near, patience_s)
    try:
        async with asyncio.timeout(patience_s):
            await _through(transport, near, told)
    except TimeoutError:
        raise NotRelayed(f"what it relays to {told} does not arrive") from None
    except OSError as error:
        raise NotRelayed(reason(error)) from None
    finally:
        transport.close()
        # The server would keep the allocation, and count it, for minutes.
        await asyncio.wait([near.closed], timeout=patience_s)


async def _allocate(
    address: IceAddress, shown: Login, near: "_Near", patience_s: float
) -> TurnTransport:
    try:
        async with asyncio.timeout(patience_s):
            transport, _ = await create_turn_endpoint(
                lambda: near,
                (address.host, address.port),
                username=shown.username,
                password=shown.credential,
                ssl=ssl.create_default_context() if address.is_tls else None,
                transport=address.transport,
            )
    except TimeoutError:
        raise NoAnswer(f"no answer within {patience_s:.0f} s") from None
    except TransactionError as error:
        raise NoAnswer(_words(error)) from None
    except OSError as error:
        raise NoAnswer(reason(error)) from None
    return transport


async def _through(transport: TurnTransport, near: "_Near", told: str) -> None:
    loop = asyncio.get_running_loop()
    far = _Far(loop.create_future())
    # Behind an address translator what is told is no address of this machine's own.
    everywhere = "::" if ":" in told else "0.0.0.0"
    ear, _ = await loop.create_datagram_endpoint(lambda: far, local_addr=(everywhere, 0))
    port = ear.get_extra_info("sockname")[1]
    try:
        while not far.arrived.done():
            transport.sendto(_QUESTION, (told, port))
            waited = (far.arrived, near.failed)
            await asyncio.wait(waited, timeout=RESEND_S, return_when=asyncio.FIRST_COMPLETED)
            if near.failed.done() and not far.arrived.done():
                raise NotRelayed(f"it does not relay to {told}: {_words(near.failed.result())}")
    finally:
        ear.close()


class _Near(asyncio.DatagramProtocol):
    """The end that sends; it learns what went wrong."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.failed: asyncio.Future[Exception] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()

    def error_received(self, exc: Exception) -> None:
        if not self.failed.done():
            self.failed.set_result(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


@dataclass(frozen=True, slots=True)
class _Far(asyncio.DatagramProtocol):
    """The end that hears: this machine, as the TURN server reaches it."""

    arrived: asyncio.Future[None]

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data == _QUESTION and not self.arrived.done():
            self.arrived.set_result(None)


def _words(error: Exception) -> str:
    """Return an error of aioice's in the words of the server, if it had any."""
    if not isinstance(error, TransactionFailed):
        return str(error)
    code, words = error.response.attributes.get("ERROR-CODE", (0, "it gave no reason"))
    return f"{code} {words}" if code != _FORBIDDEN else "it is not allowed to"
