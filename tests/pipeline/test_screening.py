"""A live track whose screen takes others' speech out before anybody understands it."""

import numpy as np

from pipeline.audio import WINDOW, Samples
from pipeline.captions import Interim, LiveEvent
from pipeline.endpointing import Span
from pipeline.jobs import Priority
from pipeline.live import LiveTrack
from pipeline.runner import Dropped, Understood
from pipeline.screening import LEAKAGE, Screened
from tests.pipeline.test_live import Desk
from tests.pipeline.test_runner import drawn, segmenter, spin


class Cut:
    """A ``Screen`` that silences the first half of everything, or leaves nothing."""

    def __init__(self, *, leaves_nothing: bool) -> None:
        self.leaves_nothing = leaves_nothing
        self.starts: list[tuple[int, bool]] = []

    async def __call__(self, start: int, samples: Samples, *, is_final: bool) -> Screened:
        self.starts.append((start, is_final))
        if self.leaves_nothing:
            return Screened(None)
        half = samples.size // 2
        left = np.concatenate((np.zeros(half, np.float32), samples[half:]))
        return Screened(left, (Span(start, start + half),))


async def said(desk: Desk, events: list[LiveEvent], screen: Cut, drawing: str) -> LiveTrack:
    track = LiveTrack("t", segmenter(), desk, "room", events.append, screen=screen)
    sound = drawn(drawing)
    for at in range(0, sound.size, WINDOW):
        track.push(sound[at : at + WINDOW])
        await spin()
    return track


async def test_what_is_not_ones_own_reaches_no_model_and_is_told_with_the_words() -> None:
    desk, screen = Desk(), Cut(leaves_nothing=False)
    events: list[LiveEvent] = []
    await said(desk, events, screen, "..####...")
    (job,) = desk.jobs(Priority.FINAL)
    sound = job.arrays["samples"]
    assert not sound[: sound.size // 2].any()
    assert sound[sound.size // 2 :].all()
    await desk.answer(Priority.FINAL, "제 말입니다")
    (heard,) = (event for event in events if isinstance(event, Understood))
    start = heard.utterance.start
    assert heard.suppressed == (Span(start, start + sound.size // 2),)
    assert heard.utterance.samples.all()
    assert (start, True) in screen.starts


async def test_an_utterance_of_somebody_else_is_dropped_as_leakage() -> None:
    desk, screen = Desk(), Cut(leaves_nothing=True)
    events: list[LiveEvent] = []
    await said(desk, events, screen, "..########...")
    (heard,) = (event for event in events if isinstance(event, Dropped))
    assert heard.reason == LEAKAGE
    assert desk.total == 0


async def test_interims_hear_ones_own_speech_alone() -> None:
    desk, screen = Desk(), Cut(leaves_nothing=False)
    events: list[LiveEvent] = []
    await said(desk, events, screen, "..######")
    (job,) = desk.jobs(Priority.INTERIM)
    sound = job.arrays["samples"]
    assert not sound[: sound.size // 2].any()
    await desk.answer(Priority.INTERIM, "제 말")
    assert [event.tentative for event in events if isinstance(event, Interim)] == ["제 말"]
    assert not any(is_final for _, is_final in screen.starts)
