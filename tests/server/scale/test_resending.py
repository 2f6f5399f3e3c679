"""Sound that is sent again to a process that does not hear its page: the holder gets it."""

import numpy as np
import pytest

from pipeline.audio import samples
from tests.server.browsers import SUBSCRIBE, told
from tests.server.resending import Page
from tests.server.scale.conftest import Pair
from tests.server.scale.test_takeover import becomes_holder, short_leases
from tests.server.talk import APPLICANT, connect, create, events

__all__ = ["short_leases"]  # A fixture.
pytestmark = pytest.mark.redis


async def test_sound_that_is_sent_to_another_process_reaches_the_holder(pair: Pair) -> None:
    await create(pair.first, consent="external")
    somebody = await connect(pair.first)  # It is held where its people come in.
    page = Page(pair.second, holder=pair.first)
    try:
        missed = await page.miss()
        length_s = missed["end"] - missed["start"]
        sound = np.zeros(samples(length_s + 2), "<i2").tobytes()
        status, answer = await page.send(sound, start=missed["start"] - 1)
        assert (status, answer) == (200, {"filled_s": pytest.approx(length_s, abs=0.01)})
        status, answer = await page.send(sound, start=missed["start"] - 1)
        assert (status, answer["code"]) == (409, "not_awaited")
    finally:
        await page.close()
        await somebody.close()
    assert await events(pair.first, kind="gap") == []


async def test_after_a_takeover_the_page_sends_what_its_first_holder_heard_last(
    pair: Pair,
) -> None:
    await create(pair.first, consent="external")
    page = Page(pair.first)
    try:
        browser = await page.come()
        await browser.say("interview", SUBSCRIBE)
        final = await told(browser, "utterance_final")
        await connect(pair.second)
        pair.cable.cut()
        await becomes_holder(pair.second)
        pair.cable.mend()
        page.move(pair.second)
        missed = await told(await page.come(), "missed")
        assert missed["start"] == pytest.approx(final["end"], abs=3)
        length_s = missed["end"] - missed["start"]
        sound = np.zeros(samples(length_s), "<i2").tobytes()
        assert (await page.send(sound, start=missed["start"]))[0] == 200
    finally:
        await page.close()
    assert await events(pair.second, kind="gap") == []
    assert missed["track"] == APPLICANT
