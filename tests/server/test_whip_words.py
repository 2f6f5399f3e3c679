"""What an encoder's speakers say, heard by real models: the room's microphone is a program."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import kocer
import pytest

from pipeline.models import default_folder
from pipeline.processes import LocalConfig, LocalExecutor
from tests.server.conftest import Start, ask, until
from tests.server.encoders import repeated, whip_client
from tests.server.talk import INTERVIEWER, connect, create, link
from tests.speech.clips import load

pytestmark = pytest.mark.model

MISHEARD: Final = 0.25
"""Share of the text that may come out wrong: whisper-base errs in one of ten syllables."""


@pytest.fixture
async def executor() -> AsyncIterator[LocalExecutor]:
    """Return real models, in a process of their own, in the place of scripted words."""
    async with LocalExecutor(LocalConfig(models=default_folder(), workers=1)) as running:
        await running.wait_ready(60)
        assert not running.problems()
        yield running


async def test_what_is_said_into_an_encoder_is_in_the_record_as_the_rooms_words(
    start: Start, tmp_path: Path
) -> None:
    client = await start()
    await create(client, seats=[{"seat": INTERVIEWER, "microphone": "room"}])
    operator = await connect(client)
    assert (await ask(operator, {"type": "confirm_room"}))["type"] == "done"
    await ask(operator, {"type": "subscribe"})
    clip = load("applicant2_thanks.flac")
    token, url = link(client, "s1", role="microphone"), str(client.make_url("/whip/s1"))
    async with whip_client(tmp_path, url, token, repeated(clip.samples)):
        final = (await until(operator, "utterance_final"))[-1]
    assert final["track"].startswith("room-")
    text = " ".join(word[2] for segment in final["segments"] for word in segment["words"])
    assert kocer.cer(clip.text, text) <= MISHEARD, text
