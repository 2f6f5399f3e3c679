"""A tunnel that can be cut: bytes and datagrams wait or are lost, and go on afterwards."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bench.tunnel import Tunnel, serve
from bench.udp_proxy import LOOPBACK, Address, candidate_of
from tests.bench.test_udp_proxy import ANSWER, sockets

PATIENCE_S = 5


@asynccontextmanager
async def echo() -> AsyncIterator[Address]:
    """Open a server that answers with what it is told."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(answer, LOOPBACK, 0)
    try:
        yield server.sockets[0].getsockname()
    finally:
        server.close()


def port_of(tunnel: Tunnel) -> int:
    return int(tunnel.url.rpartition(":")[2])


@pytest.fixture
async def tunnel() -> AsyncIterator[Tunnel]:
    async with echo() as server, Tunnel(server) as opened:
        yield opened


async def test_what_is_said_during_a_cut_arrives_when_it_is_over(tunnel: Tunnel) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, port_of(tunnel))
    writer.write(b"before\n")
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.readline() == b"before\n"
        tunnel.cut()
        writer.write(b"during\n")
        late, later = await asyncio.open_connection(LOOPBACK, port_of(tunnel))
        later.write(b"somebody else\n")
        reading = asyncio.create_task(reader.readline())
        _, waiting = await asyncio.wait({reading}, timeout=0.1)
        assert waiting == {reading}
        tunnel.open()
        assert await reading == b"during\n"
        assert await late.readline() == b"somebody else\n"
    writer.close()
    later.close()


async def test_datagrams_of_a_cut_are_lost(tunnel: Tunnel) -> None:
    async with sockets(2) as (page, server):
        host, port = server.address
        routed = await tunnel.route(ANSWER.replace("192.0.2.4 33806", f"{host} {port}"))
        way = candidate_of(routed)
        assert way is not None
        tunnel.cut()
        page.send(b"\x80lost", way)
        # Loopback keeps the order; the tunnel has read the first before it is told to open.
        await asyncio.sleep(0.05)
        tunnel.open()
        page.send(b"\x80heard", way)
        assert (await server.next())[0] == b"\x80heard"


async def test_the_program_answers_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    async with echo() as server:
        asked = "\n".join(json.dumps(one) for one in (None, True, False, ANSWER))
        await serve(server, io.StringIO(asked), out)
    url, cut, opened, routed = map(json.loads, out.getvalue().splitlines())
    assert url.startswith(f"http://{LOOPBACK}:")
    assert (cut, opened) == (True, False)
    assert candidate_of(routed) != candidate_of(ANSWER)
