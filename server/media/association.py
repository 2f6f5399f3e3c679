"""The SCTP association of one peer, bounded: aiortc believes whatever a chunk says.

A parameter of length 0 keeps its parser in a loop for ever, with the whole event loop; a message
that never ends, or begins behind a hole, is kept whole and looked through again with every chunk.
Both can go when aiortc refuses the one and keeps to the window that it advertises.
"""

import logging
from collections.abc import Callable
from struct import unpack_from
from typing import Final

import aiortc.rtcsctptransport
from aiortc import RTCSctpTransport
from aiortc.rtcsctptransport import DataChunk

log = logging.getLogger(__name__)

MAX_OVERDRAWN = 64 * 1024
"""Bytes beyond the advertised window: one message more than a sender that keeps to it can send."""
MAX_CHUNKS = 1024
"""Waiting for others on one stream, or noted behind a hole; a message of 64 KiB has sixty."""
MAX_STREAMS = 64
_HEADER_BYTES: Final = 4


def decode_params(body: bytes) -> list[tuple[int, bytes]]:
    """Read the parameters of a chunk (RFC 9260, section 3.2.1).

    Raises:
        ValueError: one is shorter than its own header; aiortc drops the packet.
    """
    found, at = [], 0
    while at <= len(body) - _HEADER_BYTES:
        kind, length = unpack_from("!HH", body, at)
        if length < _HEADER_BYTES:
            raise ValueError("an SCTP parameter is shorter than its header")
        found.append((kind, body[at + _HEADER_BYTES : at + length]))
        at += length + -length % 4
    return found


def bound(transport: RTCSctpTransport, on_abuse: Callable[[], None]) -> None:
    """Call ``on_abuse`` when the other side sends more than any correct sender would."""
    receive = transport._receive_data_chunk
    is_cut_off = False

    async def receive_bounded(chunk: DataChunk) -> None:
        nonlocal is_cut_off
        if is_cut_off:
            return
        await receive(chunk)
        waiting = transport._inbound_streams.get(chunk.stream_id)
        if (
            transport._advertised_rwnd < -MAX_OVERDRAWN
            or len(transport._sack_misordered) > MAX_CHUNKS
            or len(transport._inbound_streams) > MAX_STREAMS
            or (waiting is not None and len(waiting.reassembly) > MAX_CHUNKS)
        ):
            is_cut_off = True
            log.warning("A peer sends more over SCTP than it may and is cut off")
            on_abuse()

    transport._receive_data_chunk = receive_bounded  # type: ignore[method-assign]  # the hook


def noticed(transport: RTCSctpTransport, on_heard: Callable[[], None]) -> None:
    """Call ``on_heard`` for everything that comes, which DTLS has found to be the client's."""
    handle = transport._handle_data

    async def handle_noticed(data: bytes) -> None:
        on_heard()
        await handle(data)

    transport._handle_data = handle_noticed  # type: ignore[method-assign]  # the hook


# The one place where this is changed; the self-test sees to it that aiortc still uses it.
aiortc.rtcsctptransport.decode_params = decode_params
