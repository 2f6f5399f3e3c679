"""``daedam export --format ogg``: one file for each microphone whose sound was kept."""

import argparse
import asyncio
import sys
import time
from pathlib import Path

from server.cli.office import in_office
from server.errors import ClientError, ErrorCode
from server.session import Session
from server.settings import Settings
from server.store.folder import FOLDER, FolderStore
from server.store.ogg import write_ogg
from server.store.retention import Retention, retention

FORMAT = "ogg"


def export(settings: Settings, options: argparse.Namespace) -> int:
    """Write what may be kept of an interview's sound, also while a server runs."""
    if options.output is None:
        raise ClientError(ErrorCode.BAD_REQUEST, "Say where the files go: --output FOLDER")
    session, _ = in_office(settings, lambda office: office.read(options.session))
    written = asyncio.run(_export(settings, session.id, retention(session), options.output))
    if not written:
        raise ClientError(ErrorCode.NOT_FOUND, why_nothing(session, settings))
    for path, duration_s in written:
        print(f"{path}: {duration_s:.1f} s", file=sys.stderr)
    return 0


async def _export(
    settings: Settings, session: str, allowed: Retention, folder: Path
) -> list[tuple[Path, float]]:
    """Write each track that may still be there: the folder's server may not have looked yet."""
    store = FolderStore(settings.data / FOLDER)
    written: dict[Path, float] = {}
    try:
        found = await store.tracks(session)
        tracks = [track for track in found if allowed.keeps(track, time.time())]
        if tracks:
            await asyncio.to_thread(folder.mkdir, 0o700, parents=True, exist_ok=True)
        for track in tracks:
            path = folder / file_name(track)
            written[path] = await write_ogg(store.packets(session, track), path)
    finally:
        await store.close()
    return list(written.items())


def file_name(track: str) -> str:
    """Return what a track's file is called: its name, but for what no file should have."""
    plain = "".join(letter if letter.isalnum() or letter in "_-" else "_" for letter in track)
    return f"{plain[:80]}.ogg"


def why_nothing(session: Session, settings: Settings) -> str:
    """Return one sentence: why there is no sound, and what to set."""
    no_sound = f"There is no sound of {session.id} in {settings.data}:"
    if session.config.consent == "external":
        return f"{no_sound} where consent is seen to elsewhere (consent: external) none is kept."
    if not session.is_over:
        return f"{no_sound} nobody has been heard by this folder's server yet."
    if not session.keeps and settings.keep_audio_days <= 0:
        return (
            f"{no_sound} it is deleted when an interview ends; to keep it of people who agree, "
            "set DAEDAM_KEEP_AUDIO_DAYS to a number of days before the interview."
        )
    kept = [session.keeps[seat] for seat in retention(session).seats]
    if not kept:
        return f"{no_sound} nobody in it agreed to their voice being kept, or they withdrew."
    return (
        f"{no_sound} the {max(kept):g} days are over for which people agreed to be kept, or it "
        "lies in the data folder of another server (--data DIR)."
    )
