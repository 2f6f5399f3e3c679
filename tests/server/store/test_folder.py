"""Sound in a folder: on a disk that fails, beside other processes, killed in the middle."""

import asyncio
import contextlib
import errno
import os
import resource
import signal
import stat
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.errors import ErrorCode
from server.store import folder as folder_module
from server.store import pieces, reading, writing
from server.store.folder import FolderStore
from server.store.protocol import Kept, StoreUnavailable
from tests.server.store.memory import keep, kept, sound


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "media"


@pytest.fixture
def lost() -> list[int]:
    return []


@pytest.fixture
async def store(root: Path, lost: list[int]) -> AsyncIterator[FolderStore]:
    store = FolderStore(root, lost.append)
    yield store
    await store.close()


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


async def test_pieces_are_cut_every_ten_seconds_of_session_time(
    store: FolderStore, root: Path
) -> None:
    keep(store.record("s1", "a"), sound(7, 25))
    await store.tracks("s1")
    starts = [int(path.name.split("-")[0]) for path in await asyncio.to_thread(files, root)]
    assert starts == [7000, 10_000, 20_000, 30_000]


async def test_only_this_user_may_read_and_paths_say_nothing_about_people(
    store: FolderStore, root: Path
) -> None:
    keep(store.record("김철수 면접", "지원자_1"), sound(0, 1))
    keep(store.record("김철수 면접", "../x"), sound(0, 1))
    await store.tracks("김철수 면접")
    found = await asyncio.to_thread(lambda: [root, *root.rglob("*")])
    for path in found:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o600 if path.is_file() else 0o700), path
        assert "김" not in str(path.relative_to(root))
    assert len(found) == 6


async def test_a_torn_piece_is_read_up_to_where_it_is_whole(store: FolderStore, root: Path) -> None:
    keep(store.record("s1", "a"), sound(0, 20))
    await store.tracks("s1")

    def tear() -> None:
        first = files(root)[0]
        first.write_bytes(first.read_bytes()[:-3])

    await asyncio.to_thread(tear)
    found = await kept(store, "s1", "a")
    assert found == [*sound(0, 9.98), *sound(10, 10)]


@pytest.mark.parametrize("damage", [b"\0" * 500, b"\xff" * 500, b""])
async def test_a_damaged_tail_costs_nothing_but_itself(
    store: FolderStore, root: Path, damage: bytes
) -> None:
    keep(store.record("s1", "a"), sound(0, 5))
    await store.tracks("s1")

    def damage_it() -> None:
        [piece] = files(root)
        piece.write_bytes(piece.read_bytes() + damage)

    await asyncio.to_thread(damage_it)
    assert await kept(store, "s1", "a") == sound(0, 5)


async def test_what_is_no_piece_is_left_alone(store: FolderStore, root: Path) -> None:
    def litter() -> None:
        (root / ("0" * 32) / "x").mkdir(parents=True)
        (root / ("0" * 32) / "x" / "0000000000-ab-1.piece").write_bytes(b"nothing")
        (root / "file").touch()
        (root / "folder").mkdir()

    await asyncio.to_thread(litter)
    assert await store.sessions() == []


@contextlib.contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """Let no file grow beyond ``limit`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)


async def test_a_full_disk_costs_what_does_not_fit_and_is_told_once(
    store: FolderStore, root: Path, lost: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    recorder = store.record("s1", "a")
    keep(recorder, sound(0, 1))
    await store.tracks("s1")
    size = (await asyncio.to_thread(files, root))[0].stat().st_size
    with full_disk(size + 10):
        for begin_s in range(1, 5):
            keep(recorder, sound(begin_s, 1))
            await store.tracks("s1")
    assert sum(lost) == 200
    keep(recorder, sound(5, 7))
    assert await kept(store, "s1", "a") == [*sound(0, 1), *sound(5, 7)]
    told = [message for message in caplog.messages if "kept" in message]
    assert ["not kept" in message for message in told] == [True, False]


async def test_a_full_disk_is_not_filled_with_empty_files(
    store: FolderStore, root: Path, lost: list[int]
) -> None:
    with full_disk(10):
        keep(store.record("s1", "a"), sound(0, 50))
        await store.tracks("s1")
    assert await asyncio.to_thread(files, root) == []
    assert sum(lost) == 2500


async def test_a_folder_that_cannot_be_made_loses_sound_and_raises_nothing(
    store: FolderStore, root: Path, lost: list[int]
) -> None:
    def occupy() -> None:
        root.parent.mkdir(parents=True)
        root.write_text("a file")

    await asyncio.to_thread(occupy)
    recorder = store.record("s1", "a")
    keep(recorder, sound(0, 1))
    await store.tracks("s1")
    assert sum(lost) == 50
    await asyncio.to_thread(root.unlink)
    keep(recorder, sound(1, 1))
    assert await kept(store, "s1", "a") == sound(1, 1)


async def test_a_slow_disk_holds_nobody_up_and_memory_is_bounded(
    store: FolderStore, lost: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "MAX_WAITING", 100 * 1024)
    monkeypatch.setattr(folder_module, "WRITE_EVERY_S", 0.0)
    goes_on, is_slow = threading.Event(), threading.Event()

    def slow(self: writing.TrackWriter, packets: list[Kept]) -> writing.Written:
        is_slow.set()
        goes_on.wait(10)
        return write(self, packets)

    write = writing.TrackWriter.write
    monkeypatch.setattr(writing.TrackWriter, "write", slow)
    recorder = store.record("s1", "a")
    keep(recorder, sound(0, 1))
    assert await asyncio.to_thread(is_slow.wait, 10)
    packets = sound(1, 60)
    keep(recorder, packets)  # On the event loop: it would never come back.
    taken = 50 + len(packets) - sum(lost)
    goes_on.set()
    assert 300 < taken < 700
    assert await kept(store, "s1", "a") == sound(0, 61)[:taken]


async def test_what_cannot_be_deleted_is_said_and_tried_again(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store.record("s1", "a"), sound(0, 1))
    await store.tracks("s1")

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", refuse)
        with pytest.raises(StoreUnavailable):
            await store.delete("s1")
    # It is on its way out: nobody finds it any more, and the next look finishes it.
    assert await store.tracks("s1") == []
    assert await asyncio.to_thread(files, root)
    assert await store.sessions() == []
    assert not await asyncio.to_thread(lambda: list(root.iterdir()))


async def test_a_deletion_finds_what_somebody_else_began_to_write(
    store: FolderStore, root: Path
) -> None:
    keep(store.record("s1", "a"), sound(0, 1))
    await asyncio.gather(store.tracks("other"), store.delete("s1", "a"))
    await store.tracks("s1")
    assert await asyncio.to_thread(files, root) == []


async def test_what_cannot_be_looked_after_is_told_once_and_stops_nothing(
    store: FolderStore,
    root: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for session in ("s1", "s2"):
        keep(store.record(session, "a"), sound(0, 1))
    await store.tracks("s1")
    scandir, shut = os.scandir, root / pieces.session_folder("s2")

    def litter() -> None:
        (root / "deleted-1").write_text("no folder")
        (root / "deleted-2" / "x").mkdir(parents=True)

    def refuse(path: Path | str) -> object:
        if path == shut:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    await asyncio.to_thread(litter)
    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refuse)
        for _ in range(2):
            assert await store.sessions() == ["s1"]
    told = [one for one in caplog.messages if "in the way" in one]
    assert sorted("deleted-1" in one for one in told) == [False, True]
    assert not (root / "deleted-2").exists()
    assert sorted(await store.sessions()) == ["s1", "s2"]


async def test_a_folder_that_comes_back_each_time_is_not_called_deleted(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store.record("s1", "a"), sound(0, 1))
    await store.tracks("s1")

    def vanish(path: Path) -> None:
        raise FileNotFoundError(2, "No such file or directory", str(path))

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", vanish)
        with pytest.raises(StoreUnavailable) as refused:
            await store.delete("s1")
    assert refused.value.code is ErrorCode.STORE_UNAVAILABLE


async def test_a_file_that_cannot_be_closed_ends_nothing_and_is_told(
    store: FolderStore,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(folder_module, "WRITE_EVERY_S", 0.0)
    close, failures = os.close, 0

    def fail(file: int) -> None:
        nonlocal failures
        close(file)
        if threading.current_thread().name.startswith("sound"):
            failures += 1
            raise OSError(errno.EIO, "Input/output error")

    recorder, other = store.record("s1", "a"), store.record("s1", "b")
    keep(recorder, sound(0, 1))
    await store.tracks("s1")
    with monkeypatch.context() as patched:
        patched.setattr(os, "close", fail)
        keep(recorder, sound(10, 1))
        recorder.close()
        await store.tracks("s1")
    keep(other, sound(2, 1))
    await eventually_written(root, "b")
    assert failures == 2
    assert await kept(store, "s1", "a") == [*sound(0, 1), *sound(10, 1)]
    assert [one for one in caplog.messages if "Input/output error" in one]
    assert not [one for one in caplog.messages if "deleted" in one]


async def test_whatever_goes_wrong_the_next_is_written_and_what_went_is_counted(
    store: FolderStore,
    root: Path,
    lost: list[int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(folder_module, "WRITE_EVERY_S", 0.0)
    has_failed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def fail(*_: object) -> writing.Written:
        loop.call_soon_threadsafe(has_failed.set)
        raise RuntimeError("nobody thought of it")

    recorder = store.record("s1", "a")
    with monkeypatch.context() as patched:
        patched.setattr(writing.TrackWriter, "write", fail)
        keep(recorder, sound(0, 1))
        async with asyncio.timeout(5):
            await has_failed.wait()
    keep(recorder, sound(1, 1))
    await eventually_written(root, "a")
    assert lost == [50]
    assert [one for one in caplog.messages if "not kept" in one]


async def eventually_written(root: Path, track: str) -> None:
    """Wait until the store itself, asked by nobody, has written something of a track of s1."""
    folder = root / pieces.session_folder("s1") / track
    async with asyncio.timeout(5):
        while not await asyncio.to_thread(pieces.pieces_of, folder):  # noqa: ASYNC110  # a disk
            await asyncio.sleep(0.01)


async def test_a_look_for_sessions_reads_each_folder_once_and_one_piece_of_it(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for session in ("s1", "s2"):
        for track in ("a", "b"):
            keep(store.record(session, track), sound(0, 50))
    await store.tracks("s1")
    reads = 0

    def counted(data: bytes) -> tuple[str, str, int] | None:
        nonlocal reads
        reads += 1
        return pieces.read_head(data)

    monkeypatch.setattr(reading, "read_head", counted)
    for _ in range(3):
        assert sorted(await store.sessions()) == ["s1", "s2"]
    assert reads == 2
    await store.delete("s1")
    assert await store.sessions() == ["s2"]


async def test_two_stores_on_one_folder_do_not_disturb_each_other(
    store: FolderStore, root: Path
) -> None:
    other = FolderStore(root)
    first, second = store.record("s1", "a"), other.record("s1", "a")
    keep(first, sound(0, 3))
    await store.tracks("s1")
    keep(second, sound(3, 3))
    await other.tracks("s1")
    assert await kept(store, "s1", "a") == await kept(other, "s1", "a") == sound(0, 6)
    await other.close()


async def test_of_two_that_overlap_the_one_that_began_later_is_heard(
    store: FolderStore, root: Path
) -> None:
    other = FolderStore(root)
    keep(store.record("s1", "a"), sound(0, 8, "old "))
    await store.tracks("s1")
    keep(other.record("s1", "a"), sound(5, 8, "new "))
    await other.close()
    assert await kept(store, "s1", "a") == [*sound(0, 5, "old "), *sound(5, 8, "new ")]


async def test_what_another_process_deletes_does_not_come_back(
    store: FolderStore, root: Path, lost: list[int]
) -> None:
    other = FolderStore(root)
    recorder = store.record("s1", "a")
    keep(recorder, sound(0, 1))
    await store.tracks("s1")
    await other.delete("s1")
    for begin_s in range(1, 30):
        keep(recorder, sound(begin_s, 1))
        await store.tracks("s1")
    assert await asyncio.to_thread(files, root) == []
    assert not lost  # It was not lost, it was not wanted.
    await other.close()


async def test_a_closed_store_refuses_instead_of_hanging(store: FolderStore) -> None:
    recorder = store.record("s1", "a")
    keep(recorder, sound(0, 1))
    await store.close()
    await store.close()
    keep(recorder, sound(1, 1))
    keep(store.record("s1", "b"), sound(1, 1))
    with pytest.raises(StoreUnavailable):
        await store.tracks("s1")
    with pytest.raises(StoreUnavailable):
        await store.delete("s1")


async def test_what_was_taken_before_the_end_is_written(store: FolderStore, root: Path) -> None:
    keep(store.record("s1", "a"), sound(0, 3))
    await store.close()
    again = FolderStore(root)
    assert await kept(again, "s1", "a") == sound(0, 3)
    await again.close()


async def test_files_are_let_go_when_a_microphone_has_gone(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "WRITE_EVERY_S", 0.0)

    def open_pieces() -> list[str]:
        found = []
        for link in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(str(link.readlink()))
        return [name for name in found if name.endswith(".piece")]

    recorder = store.record("s1", "a")
    keep(recorder, sound(0, 1))
    await store.tracks("s1")
    assert len(await asyncio.to_thread(open_pieces)) == 1
    recorder.close()
    async with asyncio.timeout(5):
        while await asyncio.to_thread(open_pieces):  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)


def test_a_name_that_no_file_system_takes_is_shortened() -> None:
    long = pieces.track_folder("가" * 1000)
    assert len(long) < 64
    assert long != pieces.track_folder("가" * 1001)
    assert pieces.track_folder("..") == "%2E%2E"
    assert "/" not in pieces.track_folder("a/b")
    assert pieces.track_folder("")


@contextlib.asynccontextmanager
async def speaker(root: Path, mark: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.server.store.speaker", str(root), "s1", "a", mark),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def told_s(process: asyncio.subprocess.Process, until_s: float) -> float:
    """Read how far it says it is, until it is so far."""
    assert process.stdout is not None
    found = 0.0
    async with asyncio.timeout(20):
        while found < until_s:
            found = float(await process.stdout.readline())
    return found


@pytest.mark.process
async def test_kill_9_leaves_all_but_the_last_second(store: FolderStore, root: Path) -> None:
    async with speaker(root, "") as process:
        said_s = await told_s(process, 20)
        process.kill()
        await process.wait()
        assert process.stdout is not None
        rest = (await process.stdout.read()).split()
        said_s = float(rest[-1]) if rest else said_s
    found = await kept(store, "s1", "a")
    # It speaks eight times as fast as the clock goes.
    assert found == sound(0, len(found) * 0.02)
    assert said_s - len(found) * 0.02 < 8 * 1.0


@pytest.mark.process
async def test_two_processes_keep_one_track_and_one_deletes_it(
    store: FolderStore, root: Path
) -> None:
    async with speaker(root, "x") as one, speaker(root, "y") as two:
        await asyncio.gather(told_s(one, 15), told_s(two, 15))
        found = {bytes(one.packet[:1]) for one in await kept(store, "s1", "a")}
        assert found <= {b"x", b"y"}
        assert found
        await store.delete("s1")
        await asyncio.gather(told_s(one, 40), told_s(two, 40))
        assert await store.sessions() == []
        assert await asyncio.to_thread(files, root) == []
