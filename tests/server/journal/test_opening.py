"""The journal that the settings name is opened, or the operator is told what to change."""

import asyncio
import re
import stat
import time
import tomllib
from pathlib import Path

import pytest

from server.journal.opening import JOURNAL_FILE, open_journal
from server.journal.redis.journal import RedisJournal
from server.journal.sqlite.journal import SqliteJournal
from server.journal_address import Durability, RedisAddress, SqliteAddress
from server.lockfile import DataInUse
from server.settings import Settings, SettingsError
from tests.server.redis_server import RedisServer
from tests.server.stories import draft, note

redis = pytest.mark.redis
PASSWORD = "ein-geheimnis"


def settings(address: RedisAddress | SqliteAddress | None, **changes: object) -> Settings:
    return Settings(journal=address, secret="s" * 40).replaced(**changes)


async def complaint(settings: Settings, patience_s: float = 0.0) -> str:
    """Return why the journal was not opened."""
    with pytest.raises(SettingsError) as caught:
        await open_journal(settings, patience_s=patience_s)
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


async def test_without_a_setting_it_is_a_file_in_the_data_folder(tmp_path: Path) -> None:
    opened = await open_journal(settings(None, data=tmp_path))
    assert isinstance(opened.journal, SqliteJournal)
    assert opened.redis is None
    await opened.journal.append("a", [draft(note("1"))])
    await opened.close()
    assert stat.S_IMODE((tmp_path / JOURNAL_FILE).stat().st_mode) == 0o600


async def test_a_file_elsewhere_is_made_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "anderswo" / "j"
    opened = await open_journal(settings(SqliteAddress(path)))
    await opened.journal.append("a", [draft(note("1"))])
    await opened.close()
    assert path.exists()


async def test_a_file_elsewhere_is_one_process_at_a_time(tmp_path: Path) -> None:
    """Two servers with data folders of their own must not share it: each would end leases."""
    wanted = settings(SqliteAddress(tmp_path / "j"))
    first = await open_journal(wanted)
    with pytest.raises(DataInUse, match="in use by another process"):
        await open_journal(wanted)
    await first.close()
    again = await open_journal(wanted)
    await again.close()


@redis
async def test_a_redis_is_opened_with_what_the_exchange_shares(redis_server: RedisServer) -> None:
    for number in (1, 2):
        opened = await open_journal(settings(redis_server.address))
        assert isinstance(opened.journal, RedisJournal)
        assert opened.redis is not None
        assert opened.subscriptions is not None
        assert (await opened.journal.append("a", [draft(note("1"))])).seqs == (number,)
        await opened.close()
        await opened.close()


@redis
async def test_a_redis_that_starts_later_is_waited_for(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis")
    opening = asyncio.ensure_future(open_journal(settings(server.address), patience_s=20.0))
    await asyncio.sleep(0.1)
    assert not opening.done()
    with server:
        await (await opening).close()


async def test_a_redis_that_is_not_there_is_named_without_its_password() -> None:
    address = RedisAddress(f"redis://:{PASSWORD}@127.0.0.1:1/0")
    assert "redis://127.0.0.1:1/0 (DAEDAM_JOURNAL) is not reached" in await complaint(
        settings(address)
    )


@redis
async def test_a_wrong_password_is_told_at_once(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis", password="das-andere") as server:
        began = time.monotonic()
        for login in (f":{PASSWORD}@", ""):
            address = RedisAddress(server.url.replace(":das-andere@", login))
            assert "refuses the password" in await complaint(settings(address), patience_s=60)
        assert time.monotonic() - began < 30
        opened = await open_journal(settings(server.address))
        await opened.close()


@redis
@pytest.mark.parametrize(
    ("config", "durability", "advice"),
    [
        ({"appendonly": "no"}, "everysec", "set appendonly yes"),
        ({"appendfsync": "no"}, "everysec", "set appendfsync everysec"),
        ({}, "always", "set appendfsync always, or another DAEDAM_REDIS_DURABILITY"),
        (
            {"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"},
            "everysec",
            "set maxmemory-policy noeviction",
        ),
        ({"replicaof": "127.0.0.1 1"}, "everysec", "it is a replica"),
        ({"cluster-enabled": "yes"}, "everysec", "part of a cluster"),
        # Hosted ones hide CONFIG; INFO tells the rest.
        ({"rename-command": 'CONFIG ""', "appendonly": "no"}, "everysec", "set appendonly yes"),
        (
            {
                "rename-command": 'CONFIG ""',
                "maxmemory": "100mb",
                "maxmemory-policy": "volatile-lru",
            },
            "everysec",
            "set maxmemory-policy noeviction",
        ),
    ],
)
async def test_a_redis_that_would_lose_events_is_refused(
    tmp_path: Path, config: dict[str, str], durability: str, advice: str
) -> None:
    with RedisServer(tmp_path / "redis", **config) as server:
        wanted = settings(server.address, durability=Durability(durability))  # type: ignore[arg-type]  # mypy widens it
        sentence = await complaint(wanted, patience_s=60)
        assert advice in sentence
        assert re.match(r"Redis at redis://127.0.0.1:\d+/0 \(DAEDAM_JOURNAL\) cannot", sentence)


@redis
@pytest.mark.parametrize(
    "config",
    [
        {"appendfsync": "always"},
        {"maxmemory": "100mb", "maxmemory-policy": "noeviction"},
        {"maxmemory-policy": "allkeys-lru"},
        {"rename-command": 'CONFIG ""'},
    ],
)
async def test_a_redis_that_keeps_at_least_as_much_is_taken(
    tmp_path: Path, config: dict[str, str]
) -> None:
    with RedisServer(tmp_path / "redis", **config) as server:
        opened = await open_journal(settings(server.address))
        assert (await opened.journal.append("a", [draft(note("1"))])).seqs == (1,)
        await opened.close()


def test_the_scripts_are_part_of_the_package() -> None:
    """A wheel takes along what ``package-data`` names."""
    root = Path(__file__).parents[3]
    data = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]
    folder = root / "server"
    taken = {path for glob in data["package-data"]["server"] for path in folder.glob(glob)}
    assert set(folder.rglob("*.lua")) <= taken
