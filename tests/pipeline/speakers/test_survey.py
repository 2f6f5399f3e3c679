"""A whole recording heard once."""

from collections.abc import AsyncIterator, Iterator

import numpy as np

from pipeline.audio import Samples, samples, seconds
from pipeline.speakers.history import History
from pipeline.speakers.survey import Surveyor
from tests.pipeline.speakers.chorus import STEP, ChorusModels, sing

TALK = 3 * "AAAAAA..BBBBBBBB.AAA...CCCCCC......"


def in_blocks(sound: Samples, size: int) -> Iterator[Samples]:
    for start in range(0, sound.size, size):
        yield sound[start : start + size]


async def test_cells_cover_the_speech_and_nothing_else() -> None:
    survey = await Surveyor(ChorusModels()).hear(sing(TALK))
    spoken = sum(letter != "." for letter in TALK) * 0.5
    covered = sum(seconds(cell.end - cell.start) for cell in survey.cells)
    assert abs(covered - spoken) < 0.3
    assert survey.through == samples(0.5) * len(TALK)
    assert len(survey.cells) == len(survey.embeddings)


async def test_blocks_of_any_size_and_kind_are_heard_alike() -> None:
    sound = sing(TALK)

    async def slowly() -> AsyncIterator[Samples]:
        for block in in_blocks(sound, 7_777):
            yield block

    whole = await Surveyor(ChorusModels(0.0)).hear(sound)
    for parts in (in_blocks(sound, 16_000), in_blocks(sound, 400_000), slowly()):
        found = await Surveyor(ChorusModels(0.0)).hear(parts)
        assert found.cells == whole.cells
        assert np.allclose(np.array(found.embeddings), np.array(whole.embeddings))


async def test_a_gap_is_not_sent_to_the_models() -> None:
    models = ChorusModels()
    await Surveyor(models).hear(sing("AAAA" + 240 * "." + "BBBB"))
    assert models.windows < 15
    assert models.pieces < 12


async def test_what_was_heard_live_is_not_embedded_again() -> None:
    first = ChorusModels()
    survey = await Surveyor(first).hear(sing(TALK))
    heard = [
        (cell.heard, row)
        for cell, row in zip(survey.cells, survey.embeddings, strict=True)
        if cell.heard is not None and row is not None
    ]
    history = History(
        np.array([span for span, _ in heard], np.int64),
        np.array([row for _, row in heard], np.float16),
        np.zeros(0, np.uint8),
        np.zeros(0, np.uint8),
        STEP,
    )
    again = ChorusModels()
    await Surveyor(again, history).hear(sing(TALK))
    assert first.pieces == len(heard)
    assert again.pieces == 0


async def test_at_the_deadline_what_is_settled_is_returned() -> None:
    survey = await Surveyor(ChorusModels()).hear(sing(8 * TALK), deadline_s=0.0)
    assert survey.through == 0
    assert survey.cells == []


async def test_somebody_who_never_pauses_is_heard_to_the_end() -> None:
    survey = await Surveyor(ChorusModels()).hear(sing(300 * "A"))
    assert survey.cells[0].start == 0
    assert survey.cells[-1].end == samples(150)
    for one, other in zip(survey.cells, survey.cells[1:], strict=False):
        assert one.end == other.start


async def test_no_sound_is_nothing() -> None:
    survey = await Surveyor(ChorusModels()).hear(np.zeros(0, np.float32))
    assert (survey.through, survey.cells, survey.is_heard) == (0, [], False)


async def test_edges_that_people_set_are_edges_of_cells() -> None:
    edge = samples(1.3)
    survey = await Surveyor(ChorusModels(), edges=[edge]).hear(sing("AAAAAAAA"))
    assert edge in [cell.start for cell in survey.cells]
