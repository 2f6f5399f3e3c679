"""The seats that this process keeps for its people, in Redis where all processes see them.

A seat is a hash: ``link``, whose it is, and per process that has a connection of theirs the
moment (Unix ms, Redis's clock) until which it vouches for them. The key ends with the last.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

log = logging.getLogger(__name__)

SEAT_S = 6.0
"""A seat outlives a process that died by at least this; see ``exchange.redis.RENEW_S``."""
AT_ONCE = 200

Key: TypeAlias = tuple[str, str]
"""Session and seat."""

# Keys: seats. Arguments: the process, then per seat its link and how long (ms) it is kept.
# Returns per seat whether it is the link's now.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local taken = {}
for at, key in ipairs(KEYS) do
  local link, keep = ARGV[2 * at], tonumber(ARGV[2 * at + 1])
  local owner = redis.call('HGET', key, 'link')
  if owner and owner ~= link then
    taken[at] = 0
  else
    redis.call('HSET', key, 'link', link, 'in:' .. ARGV[1], now + keep)
    if redis.call('PTTL', key) < keep then redis.call('PEXPIRE', key, keep) end
    taken[at] = 1
  end
end
return taken
"""

# Key: a seat. Arguments: the process, the link, how long (ms) the seat is held for its return.
# While another living process vouches for the link nothing ends.
LEAVE = """
if redis.call('HGET', KEYS[1], 'link') ~= ARGV[2] then return end
redis.call('HDEL', KEYS[1], 'in:' .. ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local fields = redis.call('HGETALL', KEYS[1])
for at = 1, #fields, 2 do
  if string.sub(fields[at], 1, 3) == 'in:' and tonumber(fields[at + 1]) > now then return end
end
if tonumber(ARGV[3]) > 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
else
  redis.call('DEL', KEYS[1])
end
"""


@dataclass(slots=True)
class _Kept:
    link: str
    hold_s: float
    connections: int = 0


class Seats:
    """Who sits where in this process; ``renew`` says so again before Redis forgets."""

    def __init__(self, client: Redis, process: str) -> None:
        self._client = client
        self._process = process
        self._kept: dict[Key, _Kept] = {}
        self._left: dict[Key, _Kept] = {}
        # What changes seats in Redis comes one after the other: a late renewal would undo a leave.
        self._lock = asyncio.Lock()

    async def take(self, key: Key, link: str, hold_s: float) -> bool:
        """Take or keep a seat; raises what Redis raises."""
        async with self._lock:
            words = self._words([(key, _Kept(link, hold_s))])
            if not (await self._client.eval(*words))[0]:
                return False
            self._left.pop(key, None)
            kept = self._kept.get(key)
            if kept is None or kept.link != link:
                kept = self._kept[key] = _Kept(link, hold_s)
            kept.hold_s = hold_s
            kept.connections += 1
            return True

    async def leave(self, key: Key, link: str, hold_s: float) -> None:
        """One connection less; raises what Redis raises, and then ``renew`` leaves the seat."""
        kept = self._kept.get(key)
        if kept is None or kept.link != link:
            return
        kept.connections -= 1
        if kept.connections > 0:
            return
        kept.hold_s = hold_s
        self._left[key] = self._kept.pop(key)
        async with self._lock:
            if self._left.get(key) is kept:
                await self._client.eval(*self._farewell(key, kept))
                del self._left[key]

    async def renew(self, pipeline: Pipeline) -> None:
        """Execute ``pipeline`` and with it whatever has to be said about seats."""
        async with self._lock:
            left, kept = list(self._left.items()), list(self._kept.items())
            first_answer = len(pipeline) + len(left)
            for key, seat in left:
                _ = pipeline.eval(*self._farewell(key, seat))
            for start in range(0, len(kept), AT_ONCE):
                _ = pipeline.eval(*self._words(kept[start : start + AT_ONCE]))
            answers = await pipeline.execute()
            for key, seat in left:
                if self._left.get(key) is seat:
                    del self._left[key]
            is_ours = [bool(one) for some in answers[first_answer:] for one in some]
            for (key, seat), is_kept in zip(kept, is_ours, strict=True):
                if not is_kept and self._kept.get(key) is seat:
                    # Redis or this process was away for longer than a seat is kept.
                    log.warning("session %s: somebody else has taken a seat meanwhile", key[0])
                    del self._kept[key]

    def abandon(self) -> None:
        """Everybody leaves; the next ``renew`` says so."""
        self._left |= self._kept
        self._kept.clear()

    def _words(self, seats: Iterable[tuple[Key, _Kept]]) -> list[Any]:
        some = list(seats)
        words: list[Any] = [TAKE, len(some), *(_name(key) for key, _ in some), self._process]
        for _, seat in some:
            words += [seat.link, _ms(max(seat.hold_s, SEAT_S))]
        return words

    def _farewell(self, key: Key, seat: _Kept) -> list[Any]:
        return [LEAVE, 1, _name(key), self._process, seat.link, _ms(seat.hold_s)]


def _name(key: Key) -> str:
    session, seat = key
    return f"daedam:seat:{session}:{seat}"


def _ms(duration_s: float) -> int:
    return round(1000 * duration_s)
