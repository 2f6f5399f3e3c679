"""Sound from a live room to a file, and everything that makes it go."""

import asyncio
import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.audio import RATE_HZ, Samples
from server.api import context
from server.cli.sound import file_name
from server.paths import SESSION
from server.store.protocol import MediaStore
from tests.server.browsers import Browsers, asked, bearer, spoken
from tests.server.conftest import Client, Start, ask, until
from tests.server.talk import APPLICANT, connect, create, eventually, room_of
from tests.server.terminal import finished, spawn
from tests.server.test_rooms import rooms_of

OTHER = "지원자_2"
CONFIRM = {"type": "confirm_room"}


def store_of(client: Client) -> MediaStore:
    assert client.app is not None
    found: MediaStore = client.app[context.STORE]
    return found


async def consenting(client: Client, seat: str, keep_audio: bool = False) -> dict[str, str]:
    headers = bearer(client, seat)
    person = await connect(client, "s1", headers["Authorization"].removeprefix("Bearer "))
    told = await ask(person, {"type": "consent", "keep_audio_days": 30 if keep_audio else 0})
    assert told["type"] == "done"
    return headers


async def tracks(client: Client, count: int, session: str = "s1") -> list[str]:
    """Wait until sound of so many tracks is kept, and return their names."""

    async def kept() -> tuple[list[str]] | None:
        found = await store_of(client).tracks(session)
        return (found,) if len(found) == count else None

    found = await eventually(kept)
    return found[0] if found else []


async def test_nothing_stays_after_the_end_when_nothing_is_set(
    client: Client, browse: Browsers, tmp_path: Path
) -> None:
    await create(client)
    headers = await consenting(client, APPLICANT, keep_audio=True)
    await browse(headers=headers, speaks=spoken())
    assert await tracks(client, 1) == [APPLICANT]
    operator = await connect(client)
    await ask(operator, {"type": "session_end"})
    await tracks(client, 0)
    assert await files(tmp_path) == []


async def test_who_agreed_is_kept_after_the_end_and_exported(start: Start, tmp_path: Path) -> None:
    client = await start(keep_audio_days=30.0)
    browse = Browsers(client)
    await create(client)
    agreed = await consenting(client, APPLICANT, keep_audio=True)
    refused = await consenting(client, OTHER)
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    await browse(headers=agreed, speaks=spoken())
    await browse(headers=refused, speaks=spoken())
    assert await tracks(client, 2) == [APPLICANT, OTHER]
    final = (await until(reader, "utterance_final"))[-1]
    await ask(reader, {"type": "session_end"})
    assert await tracks(client, 1) == [APPLICANT]
    await browse.close()
    await client.close()
    folder = tmp_path / "sound"
    said = await asyncio.to_thread(exported, tmp_path / "data", folder)
    assert "지원자_1.ogg" in said
    assert [path.name for path in await files(folder)] == [file_name(APPLICANT)]
    heard = await asyncio.to_thread(decoded, folder / file_name(APPLICANT))
    # Speech lies in the file where the record says that it was said.
    assert final["track"] in (APPLICANT, OTHER)
    begin, end = (int(final[name] * RATE_HZ) for name in ("start", "end"))
    inside = heard[begin:end]
    assert power(inside) > 100 * power(heard[: max(0, begin - RATE_HZ // 2)][: RATE_HZ // 4])


async def test_a_withdrawal_deletes_at_once_and_a_new_consent_begins_anew(
    client: Client, browse: Browsers
) -> None:
    await create(client)
    headers = await consenting(client, APPLICANT)
    await browse(headers=await consenting(client, OTHER), speaks=spoken())
    browser = await browse(headers=headers, speaks=spoken())
    await tracks(client, 2)
    assert (await asked(browser, {"type": "withdraw_consent"}))["type"] == "done"
    assert await tracks(client, 1) == [OTHER]
    assert (await asked(browser, {"type": "consent"}))["type"] == "done"
    await browse(headers=headers, speaks=spoken())
    assert await tracks(client, 2) == [APPLICANT, OTHER]


async def test_a_withdrawal_takes_the_rooms_microphone_along(
    client: Client, browse: Browsers
) -> None:
    await create(client, seats=[{"seat": APPLICANT, "microphone": "room"}])
    headers = await consenting(client, APPLICANT)
    operator = await connect(client)
    await ask(operator, CONFIRM)
    await browse(headers=bearer(client, role="microphone"), speaks=spoken())
    [room] = await tracks(client, 1)
    assert room.startswith("room-")
    browser = await browse(headers=headers)
    await asked(browser, {"type": "withdraw_consent"})
    await tracks(client, 0)


async def test_an_erased_person_leaves_no_sound(start: Start, tmp_path: Path) -> None:
    client = await start(keep_audio_days=30.0)
    browse = Browsers(client)
    await create(client)
    for seat in (APPLICANT, OTHER):
        await browse(headers=await consenting(client, seat, keep_audio=True), speaks=spoken())
    await tracks(client, 2)
    operator = await connect(client)
    await ask(operator, {"type": "session_end"})
    await browse.close()
    response = await client.delete(f"{SESSION}/s1?seat={APPLICANT}")
    assert response.status == 200
    assert await tracks(client, 1) == [OTHER]
    response = await client.delete(f"{SESSION}/s1")
    assert response.status == 200
    assert await files(tmp_path) == []


async def test_nothing_is_kept_where_consent_is_seen_to_elsewhere(
    start: Start, tmp_path: Path
) -> None:
    client = await start(keep_audio_days=30.0)
    browse = Browsers(client)
    await create(client, consent="external")
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    await browse(APPLICANT, speaks=spoken())
    await until(reader, "utterance_final")
    assert await store_of(client).sessions() == []
    await browse.close()


async def test_sound_of_a_server_that_died_goes_when_its_session_has_ended(
    start: Start, tmp_path: Path
) -> None:
    client = await start()
    await create(client)
    recorder = store_of(client).record("s1", APPLICANT)
    recorder.keep(1.0, b"\xf8\xff\xfe")
    await tracks(client, 1)
    room = await room_of(client)
    await room.hold()
    # Its holder knew nothing of it: as after a restart.
    await rooms_of(client).drop(room)
    operator = await connect(client)
    await ask(operator, {"type": "session_end"})

    async def is_gone() -> bool:
        await rooms_of(client).look_after()
        return await files(tmp_path) == []

    await eventually(is_gone)  # Its holder is done with it first.


async def test_sound_that_cannot_be_stored_is_counted_and_nobody_notices(
    start: Start, tmp_path: Path
) -> None:
    client = await start()
    browse = Browsers(client)
    await asyncio.to_thread((tmp_path / "data" / "media").write_text, "in the way")
    await create(client)
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    await browse(headers=await consenting(client, APPLICANT), speaks=spoken())
    await until(reader, "utterance_final")

    async def counted() -> bool:
        text = await (await client.get("/metrics")).text()
        [line] = [one for one in text.splitlines() if "sound_not_kept" in one]
        return float(line.split()[-1]) > 10

    await eventually(counted)
    await browse.close()


async def files(folder: Path) -> list[Path]:
    """Return what is kept of sound under a folder, once what is being deleted has gone."""

    def look() -> list[Path]:
        # Unlike ``rglob`` it does not mind what vanishes meanwhile.
        found = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
        return sorted(path for path in found if path.suffix in (".piece", ".ogg"))

    async with asyncio.timeout(10):
        found = await asyncio.to_thread(look)
        while any("deleted-" in str(path) for path in found):
            await asyncio.sleep(0.01)
            found = await asyncio.to_thread(look)
    return found


def exported(data: Path, folder: Path) -> str:
    arguments = ("export", "s1", "--data", data, "--format", "ogg", "--output", folder)
    found = finished(spawn(*arguments))
    assert (found.status, found.out) == (0, ""), found
    return found.err


def decoded(path: Path) -> Samples:
    """Return a file at the rate of tracks."""
    with av.open(str(path)) as file:
        resampler = av.AudioResampler("flt", "mono", RATE_HZ)
        parts: list[Any] = []
        for frame in file.decode(file.streams.audio[0]):
            parts += [one.to_ndarray().reshape(-1) for one in resampler.resample(frame)]
    return np.concatenate(parts).astype(np.float32)


def power(heard: Samples) -> float:
    return float((heard**2).mean()) if heard.size else 0.0


@pytest.mark.parametrize(
    ("track", "name"),
    [("지원자_1", "지원자_1.ogg"), ("room-a1/../x", "room-a1____x.ogg"), ("", ".ogg")],
)
def test_files_are_called_after_their_microphone(track: str, name: str) -> None:
    assert file_name(track) == name
