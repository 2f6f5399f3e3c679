"""Enrolled voices beside the media: all or nothing, for the server's user alone."""

import stat
from pathlib import Path

import pytest

from server.store.protocol import StoreUnavailable
from server.store.voices import VoiceFiles


@pytest.fixture
def files(tmp_path: Path) -> VoiceFiles:
    return VoiceFiles(tmp_path / "voices")


async def test_what_was_saved_last_is_loaded(files: VoiceFiles) -> None:
    assert await files.load("면접 1") is None
    await files.save("면접 1", b"one")
    await files.save("면접 1", b"two")
    assert await files.load("면접 1") == b"two"
    assert list(await files.sessions()) == ["면접 1"]


async def test_nobody_else_can_read_a_file(files: VoiceFiles, tmp_path: Path) -> None:
    await files.save("s1", b"voices")
    [path] = (tmp_path / "voices").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_nothing_is_left_of_what_was_deleted(files: VoiceFiles, tmp_path: Path) -> None:
    await files.save("s1", b"voices")
    await files.save("s2", b"others")
    await files.delete("s1")
    await files.delete("s1")
    assert await files.load("s1") is None
    assert list(await files.sessions()) == ["s2"]
    assert len(list((tmp_path / "voices").iterdir())) == 1


async def test_a_file_that_is_not_whole_is_nothing(files: VoiceFiles, tmp_path: Path) -> None:
    await files.save("s1", b"voices")
    [path] = (tmp_path / "voices").iterdir()
    whole = path.read_bytes()
    for torn in (b"", whole[:-1], whole[:10], whole + b"x", b"x" * len(whole)):
        path.write_bytes(torn)
        assert await files.load("s1") is None


async def test_half_written_files_go_when_their_writer_is_gone(
    files: VoiceFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await files.save("s1", b"voices")
    [path] = (tmp_path / "voices").iterdir()
    half = path.with_name(f"{path.name}.0123.half")
    half.write_bytes(b"dae")
    await files.sessions()
    assert half.exists()  # Somebody may be at it.
    monkeypatch.setattr("server.store.voices._ABANDONED_S", -1.0)
    assert list(await files.sessions()) == ["s1"]
    assert not half.exists()
    half.write_bytes(b"dae")
    await files.delete("s1")
    assert list((tmp_path / "voices").iterdir()) == []


async def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "voices").write_text("a file")
    with pytest.raises(StoreUnavailable):
        await VoiceFiles(tmp_path / "voices").save("s1", b"voices")
