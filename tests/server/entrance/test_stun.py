"""Asking STUN servers: small real ones that answer, keep silent or speak something else."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
from aioice import stun as wire

from server.entrance import stun, tls
from server.entrance.ice_servers import IceAddress
from server.entrance.stun import NoAnswer
from server.entrance.tls import Tls
from server.settings import Settings
from tests.server.certificates import certificate

Answer: TypeAlias = Callable[[bytes], bytes]

SOON_S = 0.05


def answered(
    data: bytes, kind: wire.Class = wire.Class.RESPONSE, transaction: bytes | None = None
) -> bytes:
    """Return the answer of a server that knows nothing but to answer."""
    request = wire.parse_message(data)
    assert request.message_method is wire.Method.BINDING
    return bytes(
        wire.Message(
            message_method=request.message_method,
            message_class=kind,
            transaction_id=transaction or request.transaction_id,
        )
    )


def refusing(data: bytes) -> bytes:
    return answered(data, wire.Class.ERROR)


def of_another(data: bytes) -> bytes:
    return answered(data, transaction=bytes(12))


def echoing(data: bytes) -> bytes:
    return data


def babbling(data: bytes) -> bytes:
    return b"HTTP/1.1 400 Bad Request\r\n\r\n"


def damaged(data: bytes) -> bytes:
    # An address attribute (RFC 8489, section 14.1) that ends before it begins.
    return answered(data)[:2] + b"\x00\x04" + answered(data)[4:] + b"\x00\x01\x00\x00"


class Udp(asyncio.DatagramProtocol):
    """Answers datagrams, the first ``deaf`` ones not at all."""

    def __init__(self, answer: Answer, deaf: int = 0) -> None:
        self._answer = answer
        self._deaf = deaf

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # asyncio gives no other one
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._deaf -= 1
        if self._deaf < 0:
            self._transport.sendto(self._answer(data), addr)


@asynccontextmanager
async def over_udp(answer: Answer, deaf: int = 0) -> AsyncIterator[IceAddress]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Udp(answer, deaf), local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    try:
        yield IceAddress("stun", "127.0.0.1", port, "udp")
    finally:
        transport.close()


@asynccontextmanager
async def over_tcp(
    answer: Answer | None, context: ssl.SSLContext | None = None
) -> AsyncIterator[IceAddress]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer is not None:
            writer.write(answer(await reader.readexactly(20)))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    try:
        yield IceAddress("turns" if context else "turn", "127.0.0.1", port, "tcp")
    finally:
        server.close()


async def refused(address: IceAddress, patience_s: float = stun.PATIENCE_S) -> str:
    with pytest.raises(NoAnswer) as error:
        await stun.ask(address, patience_s)
    return str(error.value)


@pytest.mark.parametrize("answer", [answered, refusing])
@pytest.mark.parametrize("over", [over_udp, over_tcp])
async def test_a_server_that_says_anything_is_there(
    over: Callable[[Answer], object], answer: Answer
) -> None:
    async with over(answer) as address:  # type: ignore[attr-defined]  # one of two context managers
        await stun.ask(address)


async def test_a_lost_datagram_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stun, "RESEND_S", 0.01)
    async with over_udp(answered, deaf=2) as address:
        await stun.ask(address)


@pytest.mark.parametrize("answer", [of_another, echoing, babbling, damaged])
async def test_what_is_no_answer_is_not_taken_for_one(answer: Answer) -> None:
    async with over_udp(answer) as address:
        assert "no answer within" in await refused(address, SOON_S)


@pytest.mark.parametrize("answer", [of_another, echoing, damaged])
async def test_something_else_at_the_port_is_told(answer: Answer) -> None:
    async with over_tcp(answer) as address:
        assert "no STUN server" in await refused(address)


async def test_a_server_that_hangs_up_is_told() -> None:
    for answer in (None, babbling):
        async with over_tcp(answer) as address:
            assert "closed the connection" in await refused(address)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_closed_port_is_told(transport: str) -> None:
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = IceAddress("turn", "127.0.0.1", port, transport)  # type: ignore[arg-type]  # of the parameters
    assert await refused(address)


@pytest.fixture
def secured(tmp_path: Path) -> Tls:
    pair = certificate(tmp_path)
    found = tls.load(Settings(tls_cert=pair.cert, tls_key=pair.key))
    assert found is not None
    return found


async def test_a_certificate_that_browsers_would_refuse_is_told(secured: Tls) -> None:
    async with over_tcp(answered, secured.context) as address:
        assert "certificate is not trusted" in await refused(address)
