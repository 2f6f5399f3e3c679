"""The room's stage in real time."""

import asyncio
import time

import numpy as np
import pytest

from server.media.frames import Frame, Origin
from server.media.opus_encoder import Encoder
from server.media.opus_packet import SILENT_FRAME
from server.mixing.stage import Stage
from tests.server.mixing.virtual import FRAME, Ear, loudness, tone

TICK = 960


class Awaited(Ear):
    """Lets a test wait for packets."""

    def __init__(self) -> None:
        super().__init__()
        self.came = asyncio.Event()

    def play(self, packet: bytes, at: int) -> None:
        super().play(packet, at)
        self.came.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.packets) < count:
                self.came.clear()
                await self.came.wait()


class Broken(Ear):
    """Cannot be sent anything."""

    def play(self, packet: bytes, at: int) -> None:
        raise RuntimeError("it is broken")


def everything(track: str) -> bool:
    return True


def nothing(track: str) -> bool:
    return False


def hold_up(duration_s: float) -> None:
    """Let the event loop do nothing else."""
    end = time.monotonic() + duration_s
    while time.monotonic() < end:
        pass


async def speak(stage: Stage, tracks: dict[str, float], length_s: float) -> None:
    """Let tones be said in real time."""
    begin = time.monotonic()
    for tick in range(round(length_s / 0.02)):
        for track, hz in tracks.items():
            block = tone(hz, (tick + 1) * 0.02)[-FRAME:]
            stage.take(track, Frame(block, tick * FRAME, time.monotonic()))
        await asyncio.sleep(max(0.0, begin + (tick + 1) * 0.02 - time.monotonic()))


async def test_a_listener_hears_who_speaks_and_not_the_own_voice() -> None:
    stage, ears = Stage(), {"A": Ear(), "B": Ear()}
    for name, ear in ears.items():
        stage.enter(name, ear, name.__ne__)
    await speak(stage, {"A": 300, "B": 700}, 0.6)
    stage.close()
    for name, own, other in (("A", 300, 700), ("B", 700, 300)):
        heard = ears[name].heard()[-4800:]
        assert loudness(heard, other) > 0.15
        assert loudness(heard, own) < 0.002
        assert (np.diff(ears[name].times) >= TICK).all()


async def test_silence_is_sent_at_once_and_again_after_400_ms() -> None:
    stage, ear = Stage(), Awaited()
    stage.enter("A", ear, nothing)
    await ear.until(2)
    stage.close()
    assert ear.packets == [SILENT_FRAME, SILENT_FRAME]
    assert np.diff(ear.times).tolist() == [20 * TICK]


async def test_a_listeners_time_never_falls_however_often_they_come_and_go() -> None:
    stage, ear = Stage(), Awaited()
    stage.enter("A", ear, nothing)
    await ear.until(2)
    stage.enter("A", ear, nothing)
    await ear.until(3)
    stage.leave("A")
    await asyncio.sleep(0.05)
    stage.enter("A", ear, nothing)
    await ear.until(4)
    stage.close()
    steps = np.diff(ear.times)
    assert steps.min() > 0
    assert steps[-1] >= 2 * TICK, "time stood still while nobody listened"


async def test_after_a_stuck_loop_at_most_100_ms_are_made_up_for() -> None:
    stage, ear = Stage(), Awaited()
    stage.enter("A", ear, everything)
    await speak(stage, {"B": 300}, 0.2)
    sent = len(ear.packets)
    hold_up(0.5)
    await ear.until(sent + 1)
    stage.close()
    assert len(ear.packets) - sent <= 6
    steps = np.diff(ear.times)
    assert steps.max() >= 15 * TICK, "the listener's time stood still"
    assert (steps > 0).all()


async def test_a_broken_listener_harms_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    stage, ear = Stage(), Awaited()
    stage.enter("A", Broken(), everything)
    stage.enter("B", ear, everything)
    await ear.until(2)
    stage.close()
    assert caplog.text.count("cannot be sent anything") == 1


async def test_a_microphone_that_cannot_be_mixed_harms_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage, ear = Stage(), Ear()
    stage.enter("A", ear, everything)
    bad = Frame(np.full((3, 3), np.nan, np.float32), 0, 0.0)
    stage.take("B", bad)
    stage.take("B", bad)
    await speak(stage, {"C": 300}, 0.4)
    stage.close()
    assert loudness(ear.heard()[-3200:], 300) > 0.15
    assert caplog.text.count("cannot be heard by the others") == 1


async def test_what_nobody_hears_is_not_taken() -> None:
    stage, ear = Stage(), Awaited()
    stage.enter("A", ear, nothing)
    await speak(stage, {"B": 300}, 0.1)
    stage.close()
    assert set(ear.packets) == {SILENT_FRAME}


async def test_a_microphone_that_was_forgotten_falls_silent() -> None:
    stage, ear = Stage(), Awaited()
    stage.enter("A", ear, everything)
    await speak(stage, {"B": 300}, 0.2)
    stage.forget("B")
    stage.forget("B")
    sent = len(ear.packets)
    await ear.until(sent + 4)
    stage.close()
    assert ear.packets[sent + 3] == SILENT_FRAME


async def test_nothing_runs_when_nobody_listens() -> None:
    stage, ear = Stage(), Awaited()
    stage.enter("A", ear, everything)
    await ear.until(1)
    stage.leave("A")
    stage.leave("A")
    await speak(stage, {"B": 300}, 0.1)
    assert len(ear.packets) == 1
    stage.enter("A", ear, everything)
    await ear.until(2)
    stage.close()
    stage.close()
    stage.enter("A", ear, everything)
    await speak(stage, {"B": 300}, 0.1)
    assert len(ear.packets) == 2


async def test_who_enters_an_empty_room_hears_nothing_of_before() -> None:
    stage, old, new = Stage(), Awaited(), Awaited()
    stage.enter("A", old, everything)
    await speak(stage, {"B": 300}, 0.2)
    stage.leave("A")
    stage.enter("A", new, everything)
    await new.until(1)
    stage.close()
    assert new.packets == [SILENT_FRAME]


async def test_who_enters_again_is_sent_everything_once() -> None:
    stage, old, new = Stage(), Awaited(), Awaited()
    stage.enter("A", old, everything)
    await old.until(1)
    stage.enter("A", new, everything)
    await new.until(2)
    stage.close()
    assert len(old.packets) == 1


async def test_fullband_carries_what_wideband_cannot() -> None:
    stage, ear, encoder = Stage(48_000), Ear(), Encoder(48_000)
    stage.enter("A", ear, everything)
    begin = time.monotonic()
    for tick in range(30):
        sound = tone(300, 1.0, 0.2, 48_000) + tone(11_000, 1.0, 0.2, 48_000)
        packet = encoder.encode(sound[tick * 960 : (tick + 1) * 960])
        block = tone(300, 0.02)
        stage.take("B", Frame(block, tick * FRAME, time.monotonic(), Origin.DECODED, packet))
        await asyncio.sleep(max(0.0, begin + (tick + 1) * 0.02 - time.monotonic()))
    stage.close()
    assert loudness(ear.heard(48_000)[-9600:], 11_000, 48_000) > 0.05
