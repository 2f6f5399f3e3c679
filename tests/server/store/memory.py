"""A ``MediaStore`` in memory, and sound to put into one."""

import time
from collections.abc import AsyncIterator, Iterable

from server.store.protocol import Kept, MediaStore, Recorder, StoreUnavailable

PACKET_S = 0.02


class MemoryStore:
    """Keeps packets in lists; ``is_broken``: the disk fails."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], list[Kept]] = {}
        self.wall: dict[str, float] = {}
        self.is_broken = False
        self._recorders: list[_Recorder] = []

    def record(self, session: str, track: str) -> Recorder:
        recorder = _Recorder(self, session, track)
        self._recorders.append(recorder)
        return recorder

    async def tracks(self, session: str) -> list[str]:
        self._check()
        return sorted(track for of, track in self.kept if of == session)

    async def packets(self, session: str, track: str) -> AsyncIterator[Kept]:
        self._check()
        for kept in list(self.kept.get((session, track), ())):
            yield kept

    async def delete(self, session: str, track: str | None = None) -> None:
        self._check()
        for recorder in self._recorders:
            if recorder.session == session and track in (None, recorder.track):
                recorder.close()
        for key in [key for key in self.kept if key[0] == session and track in (None, key[1])]:
            del self.kept[key]

    async def sessions(self) -> list[str]:
        self._check()
        return sorted({session for session, _ in self.kept})

    async def written_at(self, session: str) -> float | None:
        self._check()
        return self.wall.get(session)

    async def close(self) -> None:
        for recorder in self._recorders:
            recorder.close()

    def _check(self) -> None:
        if self.is_broken:
            raise StoreUnavailable


class _Recorder:
    def __init__(self, store: MemoryStore, session: str, track: str) -> None:
        self.session = session
        self.track = track
        self._store = store
        self._is_closed = False

    def keep(self, start_s: float, packet: bytes) -> None:
        if not self._is_closed:
            key = self.session, self.track
            self._store.kept.setdefault(key, []).append(Kept(start_s, packet))
            self._store.wall[self.session] = time.time()

    def close(self) -> None:
        self._is_closed = True


def sound(begin_s: float, duration_s: float, mark: str = "") -> list[Kept]:
    """Return packets of 20 ms that say where they belong, so that a wrong one is noticed."""
    count = round(duration_s / PACKET_S)
    starts = [round(begin_s + number * PACKET_S, 3) for number in range(count)]
    return [Kept(start_s, f"{mark}{start_s:.2f}".encode()) for start_s in starts]


def keep(recorder: Recorder, packets: Iterable[Kept]) -> None:
    for kept in packets:
        recorder.keep(kept.start_s, kept.packet)


async def kept(store: MediaStore, session: str, track: str) -> list[Kept]:
    """Return everything that is kept of a track."""
    return [one async for one in store.packets(session, track)]
