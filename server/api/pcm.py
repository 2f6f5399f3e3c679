"""Raw sound in a request: mono at 16 kHz, signed 16-bit samples, little-endian."""

import asyncio
from typing import Final

import numpy as np
from aiohttp import web

from pipeline.audio import RATE_HZ, Samples
from server.errors import ClientError, ErrorCode, Overloaded

BYTES: Final = 2
"""Of a sample."""
BODY_S: Final = 25.0
"""Longer than anybody waits for the sound."""
FULL_SCALE: Final = 32768.0


def max_body(longest_s: float) -> int:
    """Return how many bytes ``longest_s`` of sound have."""
    return round(longest_s * RATE_HZ) * BYTES


def length_of(request: web.Request, longest_s: float) -> int:
    """Return how many bytes the body has.

    Raises:
        ClientError: ``bad_request``, ``too_large``.
    """
    length = request.content_length
    if length is None and not request.body_exists:
        return 0
    if length is None:
        raise ClientError(ErrorCode.BAD_REQUEST, "Say how long the sound is: Content-Length.")
    if length > max_body(longest_s):
        sentence = f"Send at most {longest_s:.0f} seconds at once."
        raise ClientError(ErrorCode.TOO_LARGE, sentence, status=413)
    if length % BYTES:
        raise ClientError(ErrorCode.BAD_REQUEST, "A sample has two bytes; one is missing.")
    return length


async def read_bytes(request: web.Request, length: int) -> bytes:
    """Read past aiohttp's own limit for bodies, which is meant for forms.

    Raises:
        ClientError: ``bad_request``, ``overloaded``.
    """
    if not length:
        return b""
    try:
        async with asyncio.timeout(BODY_S):
            return await request.content.readexactly(length)
    except TimeoutError:
        raise Overloaded("The sound came too slowly; it is not awaited any more.") from None
    except asyncio.IncompleteReadError:
        raise ClientError(ErrorCode.BAD_REQUEST, "The sound ended early.") from None


def samples_of(body: bytes) -> Samples:
    return np.frombuffer(body, "<i2").astype(np.float32) / np.float32(FULL_SCALE)
