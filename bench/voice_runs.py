"""One recording through `Attribution` as a live microphone, in virtual time, and what it said."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.assembly import Ears
from pipeline.audio import Samples, samples
from pipeline.runner import Segmenter, Utterance
from pipeline.speakers.attribution import Attribution, AttributionConfig
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.history import History
from pipeline.speakers.models import VoiceModels
from pipeline.speakers.turns import Provisional, VoiceTurn

_BLOCK = samples(0.064)


@dataclass(slots=True)
class Said:
    """Everything that was said about one recording.

    Attributes:
        provisional: (came at, label), samples.
        turns: at the ends of utterances.
    """

    provisional: list[tuple[int, Provisional]] = field(default_factory=list)
    turns: list[VoiceTurn] = field(default_factory=list)
    history: History | None = None

    @property
    def delays(self) -> list[int]:
        """Return for moments 0.1 s apart how many samples later their first label came."""
        found: list[int] = []
        until = 0
        for came, one in self.provisional:
            found += [came - at for at in range(max(until, one.start), one.end, samples(0.1))]
            until = max(until, one.end)
        return found

    @property
    def first_labels(self) -> list[VoiceTurn]:
        """Return what a page would have shown first, every moment once."""
        shown: list[VoiceTurn] = []
        until = 0
        for _, one in self.provisional:
            start = max(until, one.start)
            if one.end > start:
                shown.append(VoiceTurn(one.voice, start, one.end, one.confidence))
                until = one.end
        return shown


def utterances(sound: Samples, ears: Ears) -> list[tuple[int, Utterance]]:
    """Return when each utterance is found to have ended, and the utterance."""
    segmenter: Segmenter = ears.segmenter()
    found: list[tuple[int, Utterance]] = []
    for start in range(0, sound.size, _BLOCK):
        ended = segmenter.push(sound[start : start + _BLOCK])
        found += [(start + _BLOCK, one) for one in ended]
    return found + [(sound.size, one) for one in segmenter.flush()]


async def enrolled(
    enrolment: Mapping[str, Samples], models: VoiceModels, expected: int = 6
) -> Gallery:
    """Return a gallery that knows these voices."""
    gallery = Gallery(expected)
    for name, sound in enrolment.items():
        gallery.enrol(name, (await models.embed([sound]))[0])
    return gallery


async def follow(
    sound: Samples,
    ends: list[tuple[int, Utterance]],
    models: VoiceModels,
    gallery: Gallery,
    config: AttributionConfig | None = None,
) -> Said:
    """Let a microphone hear ``sound``; the models answer at once."""
    said = Said()
    now = 0

    def publish(label: Provisional) -> None:
        said.provisional.append((now, label))

    attribution = Attribution(models, gallery, publish, config)
    left = list(ends)
    for start in range(0, sound.size, _BLOCK):
        now = min(sound.size, start + _BLOCK)
        attribution.push(sound[start:now])
        await _settle()
        while left and left[0][0] <= now:
            utterance = left.pop(0)[1]
            said.turns += await attribution.turns(utterance.start, utterance.end)
    for _, utterance in left:
        said.turns += await attribution.turns(utterance.start, utterance.end)
    said.history = attribution.history()
    await attribution.close()
    return said


async def _settle() -> None:
    """Let the track do what it has to; models that answer inline need no more turns of the loop."""
    for _ in range(3):
        await asyncio.sleep(0)
