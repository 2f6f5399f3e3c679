"""Whether a STUN or TURN server answers: one binding request, as RFC 8489 has it."""

import asyncio
import ssl
import struct
from asyncio import StreamReader

from aioice import stun

from server.entrance.ice_servers import IceAddress

PATIENCE_S = 3.0
RESEND_S = 0.5
"""RFC 8489, section 6.2.1: a datagram is sent again after this."""
_HEADER_BYTES = 20


class NoAnswer(Exception):
    """Why nothing that is STUN came back."""


async def ask(address: IceAddress, patience_s: float = PATIENCE_S) -> None:
    """Return when the server has answered, with success or with an error of its own.

    Raises:
        NoAnswer: it has not, in time; says why.
    """
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    try:
        async with asyncio.timeout(patience_s):
            if address.transport == "udp":
                await _over_udp(address, request)
            else:
                await _over_tcp(address, request)
    except TimeoutError:
        raise NoAnswer(f"no answer within {patience_s:.0f} s") from None
    except OSError as error:
        raise NoAnswer(reason(error)) from None


async def _over_udp(address: IceAddress, request: stun.Message) -> None:
    waiting = _Waiting(request)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: waiting, remote_addr=(address.host, address.port)
    )
    try:
        while not waiting.answered.done():
            transport.sendto(bytes(request))
            await asyncio.wait([waiting.answered], timeout=RESEND_S)
        waiting.answered.result()
    finally:
        transport.close()


class _Waiting(asyncio.DatagramProtocol):
    """Waits for the answer to one request; anything else is not for us."""

    def __init__(self, request: stun.Message) -> None:
        self._request = request
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self.answered.done() and _is_answer(data, self._request):
            self.answered.set_result(None)

    def error_received(self, exc: Exception) -> None:
        if not self.answered.done():
            self.answered.set_exception(exc)


async def _over_tcp(address: IceAddress, request: stun.Message) -> None:
    secured = ssl.create_default_context() if address.is_tls else None
    reader, writer = await asyncio.open_connection(address.host, address.port, ssl=secured)
    try:
        writer.write(bytes(request))
        if not _is_answer(await _message(reader), request):
            raise NoAnswer("what answers is no STUN server")
    except (asyncio.IncompleteReadError, ConnectionResetError):
        raise NoAnswer("it closed the connection without an answer") from None
    finally:
        # Nothing is owed to it: a TLS goodbye could take longer than the question.
        writer.transport.abort()


async def _message(reader: StreamReader) -> bytes:
    """Return one message of a stream; its header says how long it is (RFC 8489, section 5)."""
    head = await reader.readexactly(_HEADER_BYTES)
    return head + await reader.readexactly(int.from_bytes(head[2:4]))


def _is_answer(data: bytes, request: stun.Message) -> bool:
    try:
        message = stun.parse_message(data)
    except (ValueError, struct.error):
        return False
    return message.transaction_id == request.transaction_id and message.message_class in (
        stun.Class.RESPONSE,
        stun.Class.ERROR,
    )


def reason(error: OSError) -> str:
    """Return why a connection did not come up, in words for an operator."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return error.strerror or str(error) or type(error).__name__
