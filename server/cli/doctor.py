"""``daedam doctor``: what works, what does not, and what to do about it."""

import argparse
import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.models import Registry, Status
from pipeline.routing import VOICE_MODELS, voice_problem
from server.cli import browsers, redis_health
from server.cli.findings import Finding, Mark, warning
from server.errors import ClientError
from server.journal.opening import journal_address
from server.journal.sqlite.journal import SqliteJournal
from server.journal_address import Durability, RedisAddress, SqliteAddress
from server.lockfile import DataInUse, DataLock, running_server
from server.media import selftest
from server.settings import Settings, SettingsError, is_loopback
from server.store.folder import FOLDER

LOW_DISK = 2 * 1024**3
"""Bytes free below which the doctor warns; a two-hour interview needs some megabytes."""


def doctor(settings: Settings, options: argparse.Namespace) -> int:
    """Print the report; the status is 1 when something does not work, 0 with warnings only."""
    del options
    checks: tuple[Callable[[Settings], list[Finding]], ...] = (
        _python,
        _media,
        _settings,
        _models,
        _voices,
        _data,
        _journal,
        _sound,
        _port,
        _addresses,
        browsers.secure_context,
        browsers.certificate,
        browsers.sound_address,
        browsers.ice_servers,
    )
    findings = [finding for check in checks for finding in check(settings)]
    for finding in findings:
        print(f"{finding.mark}  {finding.about}: {finding.state}")
        if finding.advice:
            print(f"      -> {finding.advice}")
    return 1 if any(finding.mark is Mark.PROBLEM for finding in findings) else 0


def _python(settings: Settings) -> list[Finding]:
    del settings
    return [Finding("python", f"{sys.version.split()[0]}, {os.cpu_count()} cores")]


def _media(settings: Settings) -> list[Finding]:
    del settings
    try:
        selftest.check()
    except selftest.Unfit as error:
        return [Finding("live sound", "unfit", str(error))]
    return [Finding("live sound", "the media libraries fit")]


def _settings(settings: Settings) -> list[Finding]:
    try:
        settings.check()
    except SettingsError as error:
        return [Finding("settings", "refused", str(error))]
    mode = "links needed" if settings.secret else "open on this machine only (no DAEDAM_SECRET)"
    return [Finding("access", mode)]


def _models(settings: Settings) -> list[Finding]:
    registry = Registry.default(settings.models)
    findings = []
    for name in registry.defaults:
        status = registry.check(name)
        advice = "" if status is Status.PRESENT else f"daedam models fetch {name}"
        is_warning = not registry.entry(name).is_needed
        findings.append(Finding(f"model {name}", status.value, advice, is_warning))
    return findings


def _voices(settings: Settings) -> list[Finding]:
    if not settings.speakers:
        return [Finding("voices", "not told apart (DAEDAM_SPEAKERS is off)")]
    registry = Registry.default(settings.models)
    problem = voice_problem(registry)
    damaged = [name for name in VOICE_MODELS if registry.check(name) is Status.CORRUPT]
    if problem is None and damaged:
        problem = f"run: daedam models fetch {damaged[0]}"
    if problem is None:
        return [Finding("voices", "several people on one microphone are told apart")]
    state = "several people on one microphone are not told apart; words are written down as ever"
    return [warning("voices", state, problem)]


def _data(settings: Settings) -> list[Finding]:
    address = journal_address(settings)
    folders = [settings.data.absolute()]
    if isinstance(address, SqliteAddress):
        folders.append(address.path.absolute().parent)
    return [finding for folder in dict.fromkeys(folders) for finding in _disk(folder)]


def _disk(folder: Path) -> Iterator[Finding]:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    yield Finding(
        "disk",
        f"{free / 1024**3:.1f} GiB free for {folder}",
        "free some space" if free < LOW_DISK else "",
    )
    if not os.access(existing, os.W_OK):
        yield Finding("data", "not writable", f"give this user write access: {existing}")


def _journal(settings: Settings) -> list[Finding]:
    address = journal_address(settings)
    if isinstance(address, RedisAddress):
        return redis_health.findings(address, settings.durability)
    found = []
    if settings.durability != Durability():
        found.append(
            warning(
                "journal durability",
                "DAEDAM_REDIS_DURABILITY does nothing for a file: every event is on the disk "
                "before it is acknowledged",
                "remove it, or name a Redis in DAEDAM_JOURNAL",
            )
        )
    if address.path.exists() and os.access(address.path.parent, os.W_OK):
        found.append(_file(settings.data, address.path))
    return found


def _sound(settings: Settings) -> list[Finding]:
    days = settings.keep_audio_days
    folder = settings.data / FOLDER
    if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        return [
            Finding(
                "sound",
                f"{folder} cannot be written to: interviews are heard and no sound is kept",
                "move it away, or give it to the server's user",
            )
        ]
    if not days:
        return [Finding("sound", "deleted when an interview ends")]
    return [Finding("sound", f"of people who agree to it kept for {days:g} days after the end")]


def _file(folder: Path, path: Path) -> Finding:
    server = running_server(folder)
    if server is not None:
        return Finding("journal", f"held by the server with pid {server.pid} at {server.url}")
    try:
        lock = DataLock.take(folder)
    except DataInUse as error:
        return Finding("journal", "in use", str(error))
    try:
        verdict = asyncio.run(_verdict(path))
    except ClientError as error:
        verdict = str(error)
    finally:
        lock.close()
    advice = "" if verdict == "ok" else "stop the server and restore the file from a backup"
    return Finding("journal", verdict, advice)


async def _verdict(path: Path) -> str:
    journal = await asyncio.to_thread(SqliteJournal, path)
    try:
        return await journal.check()
    finally:
        await journal.close()


def _port(settings: Settings) -> list[Finding]:
    where = f"{settings.host}:{settings.port}"
    server = running_server(settings.data)
    if server is not None and server.url.endswith(f":{settings.port}"):
        return [Finding("port", f"{where} is served by this data folder's server")]
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as error:
        return [Finding("port", f"{where}: {error.strerror}", "choose another one with --port")]
    return [Finding("port", f"{where} is free")]


def _addresses(settings: Settings) -> list[Finding]:
    if is_loopback(settings.host):
        return [Finding("address", f"{settings.host}: reachable from this machine only")]
    return [Finding("address", f"{settings.host}: reachable from other machines")]
