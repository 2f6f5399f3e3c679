"""What a peer's port takes in and what it costs to wait for somebody who never comes."""

import asyncio
import logging
import os
import random
import socket
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import aioice
import aioice.ice
import aiortc.rtcicetransport
import pytest
from aioice import Candidate, stun
from aioice.ice import CandidatePair

from server.media.ice import (
    MAX_ADDRESSES,
    MAX_DATAGRAM,
    MAX_EARLY,
    MAX_WAITING,
    QuietConnection,
    SortingProtocol,
    make_connection,
    make_protocol,
    quietly,
)
from server.media.peer import End, Peer, PeerState
from tests.server.media.clients import CONFIG, LOOPBACK, Client, Noted, connected, eventually, tone

STRANGER = ("192.0.2.1", 4000)
DTLS = b"\x16\xfe\xfd" + bytes(40)
SRTP = b"\x80\x60" + bytes(40)


@pytest.fixture
async def waiting() -> AsyncIterator[SortingProtocol]:
    """The socket of a connection that nobody has called yet."""
    with quietly():
        connection = aiortc.rtcicetransport.RTCIceGatherer([])._connection
    assert isinstance(connection, QuietConnection)
    connection.remote_username, connection.remote_password = "user", "p" * 22
    connection._local_candidates_end = connection._remote_candidates_end = True
    protocol = aioice.ice.StunProtocol(connection)
    assert isinstance(protocol, SortingProtocol)
    protocol.local_candidate = Candidate("1", 1, "udp", 1, LOOPBACK, 9, "host")
    protocol.send_stun = lambda message, addr: None  # type: ignore[method-assign]
    yield protocol
    await connection.close()


def check(connection: QuietConnection, *, priority: bool = True) -> bytes:
    """Return what a client sends to show that it knows the password."""
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{connection.local_username}:user"
    message.attributes["ICE-CONTROLLING"] = 1
    if priority:
        message.attributes["PRIORITY"] = 1
    message.add_message_integrity(connection.local_password.encode())
    return bytes(message)


class Turns:
    """Counts how often aioice looks whether there is something to do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        look = aioice.Connection._check_periodic

        def counted(connection: aioice.Connection) -> bool:
            self.count += isinstance(connection, QuietConnection)
            return look(connection)

        monkeypatch.setattr(aioice.Connection, "_check_periodic", counted)


async def test_offer_that_nobody_follows_up_never_looks_for_anybody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns, client, noted = Turns(monkeypatch), Client(speaks=tone(440)), Noted()
    peer, _ = await Peer.answer(await client.offer(), noted, replace(CONFIG, connect_s=0.2))
    await noted.until("end", End.NEVER_CONNECTED)
    await peer.close()
    await client.close()
    assert turns.count == 0


async def test_client_that_comes_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(monkeypatch)
    async with connected(Client(), Noted()):
        assert 0 < turns.count < 50


async def test_wait_ends_with_the_connection(waiting: SortingProtocol) -> None:
    connecting = asyncio.create_task(waiting.receiver.connect())
    await asyncio.sleep(0)
    await waiting.receiver.close()
    with pytest.raises(ConnectionError, match="before anybody called"):
        await connecting


async def test_only_who_knows_the_password_ends_the_wait(waiting: SortingProtocol) -> None:
    connection = waiting.receiver
    own, connection._local_password = connection.local_password, "x" * 22
    forged = check(connection)
    connection._local_password = own
    waiting.datagram_received(forged, STRANGER)
    waiting.datagram_received(SRTP, STRANGER)
    waiting.datagram_received(DTLS, STRANGER)
    assert not connection._is_called.is_set()
    waiting.datagram_received(check(connection), STRANGER)
    assert connection._is_called.is_set()


@pytest.mark.parametrize("is_connecting", [False, True])
async def test_dtls_of_strangers_is_not_read(waiting: SortingProtocol, is_connecting: bool) -> None:
    connection = waiting.receiver
    waiting.datagram_received(DTLS, STRANGER)
    assert connection._queue.empty()
    # A client may begin its handshake with the first answer, before ``connect`` has noticed it.
    connection._early_checks_done = is_connecting
    waiting.datagram_received(check(connection), STRANGER)
    waiting.datagram_received(DTLS, STRANGER)
    assert connection._queue.get_nowait() == (DTLS, 1)


async def test_handshake_that_follows_the_first_check_at_once_is_kept(
    waiting: SortingProtocol,
) -> None:
    waiting.datagram_received(check(waiting.receiver), STRANGER)
    waiting.datagram_received(DTLS, STRANGER)
    assert waiting.receiver._queue.get_nowait() == (DTLS, 1)


async def test_flood_of_whatever_keeps_everything_bounded(waiting: SortingProtocol) -> None:
    connection = waiting.receiver
    waiting.datagram_received(check(connection), STRANGER)
    connection._known.add(STRANGER)
    dice = random.Random(5)
    for _ in range(20_000):
        waiting.datagram_received(dice.randbytes(dice.randrange(60)), STRANGER)
    for first in range(256):
        for size in (1, 20, MAX_DATAGRAM, MAX_DATAGRAM + 1, 9000):
            waiting.datagram_received(bytes([first]) * size, STRANGER)
    assert connection._queue.qsize() == MAX_WAITING
    assert len(connection._early) == MAX_EARLY
    assert len(connection._early_checks) == 1
    assert not waiting.transactions
    waiting_ones = [connection._queue.get_nowait() for _ in range(MAX_WAITING)]
    held = [*connection._early, *(one[0] for one in waiting_ones if one is not None)]
    assert len(held) == MAX_EARLY + MAX_WAITING
    assert max(map(len, held)) <= MAX_DATAGRAM


async def test_check_without_a_priority_is_ignored(waiting: SortingProtocol) -> None:
    connection = waiting.receiver
    waiting.datagram_received(check(connection, priority=False), STRANGER)
    waiting.datagram_received(check(connection), ("192.0.2.2", 4000))
    connecting = asyncio.create_task(connection.connect())
    await eventually(lambda: connection.remote_candidates)
    assert [one.host for one in connection.remote_candidates] == ["192.0.2.2"]
    await connection.close()
    with pytest.raises(ConnectionError):
        await connecting


async def test_client_that_is_everywhere_is_met_at_a_few_places_only(
    waiting: SortingProtocol,
) -> None:
    connection = waiting.receiver
    connection._early_checks_done = True
    for port in range(1, 3 * MAX_ADDRESSES):
        waiting.datagram_received(check(connection), (STRANGER[0], port))
    assert len(connection.remote_candidates) == len(connection._check_list) == MAX_ADDRESSES


async def test_stun_that_breaks_the_parser_is_no_news(
    waiting: SortingProtocol, caplog: pytest.LogCaptureFixture
) -> None:
    broken = 0
    for kind in (0x0003, 0x000C, 0x0019, 0x0020, 0x8028, 0x8029):
        for size in range(12):
            body = kind.to_bytes(2) + size.to_bytes(2) + bytes(size)
            message = b"\0\1" + len(body).to_bytes(2) + b"\x21\x12\xa4\x42" + bytes(12) + body
            try:
                stun.parse_message(message)
            except ValueError:
                pass
            except Exception:
                broken += 1
            waiting.datagram_received(message, STRANGER)
    assert broken > 10
    assert not [record for record in caplog.records if record.levelno >= logging.INFO]


async def test_early_sound_is_kept_for_whoever_will_listen(waiting: SortingProtocol) -> None:
    heard: list[bytes] = []
    waiting.datagram_received(SRTP, STRANGER)
    waiting.receiver.hand_media_to(heard.append)
    waiting.datagram_received(SRTP + b"2", STRANGER)
    assert heard == [SRTP, SRTP + b"2"]
    # A sequence number that makes it as long as a STUN message would be is still sound.
    alike = b"\x80\x60\0\x16" + bytes(38)
    waiting.datagram_received(alike, STRANGER)
    assert heard[2:] == [alike]


async def test_client_is_heard_of_only_by_what_nobody_else_can_have_sent(
    waiting: SortingProtocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, clock = waiting.receiver, iter(range(10**9, 2 * 10**9))
    monkeypatch.setattr("server.media.ice.time.monotonic", lambda: next(clock))
    connection.heard_at = 0.0
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE)
    anybodys = (SRTP, DTLS, bytes(request), bytes(answer), b"\xff")
    for datagram in anybodys:
        waiting.datagram_received(datagram, STRANGER)
    assert connection.heard_at == 0
    waiting.datagram_received(check(connection), STRANGER)
    shown_at = connection.heard_at
    assert shown_at > 0
    # From now on they could come from where the client is: addresses are easily forged.
    for datagram in anybodys:
        waiting.datagram_received(datagram, STRANGER)
    assert connection.heard_at == shown_at
    connection._early_checks_done = True
    waiting.datagram_received(check(connection), STRANGER)
    checked_at = connection.heard_at
    assert checked_at > shown_at
    asked = stun.Transaction(request, STRANGER, waiting, integrity_key=b"key")
    waiting.transactions[answer.transaction_id] = asked
    refusal = stun.Message(
        stun.Method.BINDING, stun.Class.ERROR, transaction_id=answer.transaction_id
    )
    waiting.datagram_received(bytes(refusal), STRANGER)
    assert connection.heard_at == checked_at
    answer.add_message_integrity(b"key")
    waiting.datagram_received(bytes(answer), STRANGER)
    assert connection.heard_at > checked_at


class Socket:
    """A datagram transport that notes what it sends, and can be stuck."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, object]] = []
        self.is_stuck = self.is_shut = False

    def is_closing(self) -> bool:
        return self.is_shut

    def get_write_buffer_size(self) -> int:
        return 100 if self.is_stuck else 0

    def sendto(self, data: bytes, address: object) -> None:
        self.sent.append((data, address))


async def test_what_a_socket_cannot_take_at_once_is_dropped(waiting: SortingProtocol) -> None:
    connection, transport = waiting.receiver, Socket()
    connection.send_at_once(SRTP)
    waiting.transport = cast(asyncio.DatagramTransport, transport)
    there = Candidate("2", 1, "udp", 1, LOOPBACK, 10, "prflx")
    connection._nominated[1] = CandidatePair(waiting, there)
    connection.send_at_once(b"1")
    transport.is_stuck = True
    connection.send_at_once(b"2")
    transport.is_stuck = False
    connection.send_at_once(b"3")
    transport.is_shut = True
    connection.send_at_once(b"4")
    assert transport.sent == [(b"1", (LOOPBACK, 10)), (b"3", (LOOPBACK, 10))]
    connection._nominated.clear()


async def test_everybody_elses_connections_are_left_alone() -> None:
    connection = make_connection(ice_controlling=False)
    assert type(connection) is aioice.Connection
    assert not isinstance(make_protocol(connection), SortingProtocol)
    await connection.close()


async def test_connection_survives_a_flood_of_strangers(caplog: pytest.LogCaptureFixture) -> None:
    noted = Noted()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)
        async with connected(Client(speaks=tone(440)), noted) as peer:
            (port,) = {
                candidate.port
                for receiver in peer._connection.getReceivers()
                for candidate in receiver.transport.transport.iceGatherer.getLocalCandidates()
            }
            for size in (1, 11, 60, 1400, 4000):
                for first in range(0, 256, 5):
                    for _ in range(4):
                        junk = bytes([first]) + os.urandom(size)
                        stranger.sendto(junk, (LOOPBACK, port))
                await asyncio.sleep(0)
            noted.frames.clear()
            await noted.until_sound(0.1)
            await noted.until("open", "captions")
            assert peer.send("captions", "still here")
            assert peer.state is PeerState.CONNECTED
            await noted.until_tally("refused", 1)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_handshake_that_never_finishes_ends_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, noted = Client(speaks=tone(440)), Noted()
    met = asyncio.Event()

    async def says_nothing(*_: object) -> None:
        met.set()
        await asyncio.Event().wait()

    transport = client.connection.getSenders()[0].transport
    monkeypatch.setattr(transport, "start", says_nothing)
    config = replace(CONFIG, connect_s=0.4)
    peer, answer = await Peer.answer(await client.offer(), noted, config)
    taking = asyncio.create_task(client.take(answer))
    await met.wait()
    await noted.until("end", End.NEVER_CONNECTED)
    await peer.close()
    await taking
    await client.close()
    assert noted.events == [("end", "never_connected")]


async def test_abandoned_offers_leave_nothing() -> None:
    client = Client(speaks=tone(440))
    offer = await client.offer()
    await client.close()

    def held() -> tuple[int, int, int]:
        files = len(os.listdir("/proc/self/fd"))
        return len(asyncio.all_tasks()), threading.active_count(), files

    async def abandon() -> None:
        noted = Noted()
        peer, _ = await Peer.answer(offer, noted, replace(CONFIG, connect_s=0.05))
        await noted.until("end", End.NEVER_CONNECTED)
        await peer.close()

    await abandon()
    before = held()
    for _ in range(5):
        await asyncio.gather(*(abandon() for _ in range(10)))
    await eventually(lambda: held() <= before)
