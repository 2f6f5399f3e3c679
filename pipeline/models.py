"""The model files an engine may load: pinned by sha256, fetched once, never half there."""

import enum
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from pipeline.jobs import EngineError
from pipeline.model_entries import ENTRIES, Entry
from pipeline.model_sources import Folder, Progress, Source, SourceError, sha256_of


class Status(enum.Enum):
    """What lies on this machine of a model."""

    PRESENT = "present"
    MISSING = "missing"
    CORRUPT = "corrupt"


class ModelMissing(EngineError):
    """The model is not on this machine; the sentence says how to get it."""


class ModelCorrupt(EngineError):
    """The model's files are not the pinned ones; the sentence says how to repair them."""


class UnknownModel(EngineError):
    """No entry has that name."""


class FetchFailed(EngineError):
    """No source delivered, or the folder cannot be written; nothing was changed."""


def default_folder() -> Path:
    """``DAEDAM_MODELS``, else a cache that survives a fresh clone."""
    if chosen := os.environ.get("DAEDAM_MODELS"):
        return Path(chosen).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "daedam" / "models"


def silent(doing: str, done_bytes: int, total_bytes: int) -> None:
    """Progress nobody watches."""


class Registry:
    """The known models and the folder that holds them, ``FOLDER/MODEL/FILE``."""

    def __init__(self, entries: tuple[Entry, ...], folder: Path) -> None:
        self.entries: Mapping[str, Entry] = {entry.name: entry for entry in entries}
        self.folder = folder

    @classmethod
    def default(cls, folder: Path | None = None) -> Self:
        return cls(ENTRIES, folder or default_folder())

    @property
    def defaults(self) -> tuple[str, ...]:
        """The models a server needs."""
        return tuple(entry.name for entry in self.entries.values() if entry.is_default)

    def entry(self, name: str) -> Entry:
        """Look a model up.

        Raises:
            UnknownModel: the sentence lists the names there are.
        """
        if found := self.entries.get(name):
            return found
        raise UnknownModel(f"There is no model {name}; there are: {', '.join(self.entries)}.")

    def path(self, name: str) -> Path:
        """The folder with the model's files; the file itself where the model is one file.

        Sizes are compared here and contents only in ``check``, so that a start is quick.

        Raises:
            UnknownModel: nobody knows it.
            ModelMissing: it is not on this machine.
            ModelCorrupt: a file has the wrong size.
        """
        entry = self.entry(name)
        status, home = self._home(entry)
        match status:
            case Status.PRESENT:
                return home / entry.files[0].name if len(entry.files) == 1 else home
            case Status.MISSING:
                raise ModelMissing(
                    f"The model {name} is not on this machine; run: daedam models fetch {name}"
                )
            case Status.CORRUPT:
                raise ModelCorrupt(
                    f"The model {name} in {home} is damaged; run: daedam models fetch {name}"
                )

    def check(self, name: str) -> Status:
        """Compare every byte with the pinned sha256; reads the whole model.

        Raises:
            UnknownModel: nobody knows it.
        """
        entry = self.entry(name)
        status, home = self._home(entry)
        if status is not Status.PRESENT:
            return status
        try:
            intact = all(sha256_of(home / file.name) == file.sha256 for file in entry.files)
        except OSError:
            intact = False
        return Status.PRESENT if intact else Status.CORRUPT

    def fetch(
        self, name: str, progress: Progress = silent, from_folder: Path | None = None
    ) -> Path:
        """Make the model present and intact; does nothing when it is.

        The files appear under their name all at once, after their sha256 was compared: a kill at
        any moment never leaves half a model. With ``from_folder`` the files are copied from
        there, from its subfolder of the model's name or itself, and no other source is asked.

        Raises:
            UnknownModel: nobody knows it.
            FetchFailed: the sentence says why and what to do; what was there is untouched.
        """
        entry = self.entry(name)
        if self.check(name) is Status.PRESENT:
            return self.path(name)
        sources = (Folder(from_folder, name),) if from_folder else entry.sources
        try:
            with self._alone(entry, progress):
                if self.check(name) is not Status.PRESENT:
                    self._fetch(entry, sources, progress)
        except OSError as error:
            raise FetchFailed(self._advice(entry, error)) from error
        return self.path(name)

    def _home(self, entry: Entry) -> tuple[Status, Path]:
        homes = [self.folder / entry.name, *_installed(entry)]
        seen = [(_glance(entry, home), home) for home in homes]
        for wanted in (Status.PRESENT, Status.CORRUPT):
            for status, home in seen:
                if status is wanted:
                    return status, home
        return Status.MISSING, homes[0]

    @contextmanager
    def _alone(self, entry: Entry, progress: Progress) -> Iterator[None]:
        """Hold the model's lock, which the system drops should this process die."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f".{entry.name}.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress(f"waiting for another process that fetches {entry.name}", 0, 0)
                fcntl.flock(lock, fcntl.LOCK_EX)
            for abandoned in self.folder.glob(f".{entry.name}.*.partial"):
                shutil.rmtree(abandoned, ignore_errors=True)
            yield

    def _fetch(self, entry: Entry, sources: tuple[Source, ...], progress: Progress) -> None:
        self._require_space(entry)
        reasons: list[str] = []
        for source in sources:
            if reasons:
                progress(f"{reasons[-1]}; asking {source.label}", 0, 0)
            with tempfile.TemporaryDirectory(
                prefix=f".{entry.name}.", suffix=".partial", dir=self.folder
            ) as work:
                try:
                    delivered = Path(work) / "delivered"
                    delivered.mkdir()
                    source.deliver(entry.files, delivered, progress)
                except SourceError as error:
                    reasons.append(str(error))
                    continue
                with suppress(FileNotFoundError):
                    (self.folder / entry.name).replace(Path(work) / "replaced")
                delivered.replace(self.folder / entry.name)
                return
        raise FetchFailed(
            f"The model {entry.name} could not be fetched: {'; '.join(reasons)}. Check the "
            f"network, or copy its files here and run: daedam models fetch {entry.name} --from DIR"
        )

    def _require_space(self, entry: Entry) -> None:
        """Downloads and what is unpacked from them lie side by side for a moment."""
        needed = 2 * entry.size
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise OSError(errno.ENOSPC, f"{_mb(needed)} are needed, {_mb(free)} are free")

    def _advice(self, entry: Entry, error: OSError) -> str:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return (
                f"There is no room for the model {entry.name} in {self.folder} "
                f"({error.strerror}): free some, or set DAEDAM_MODELS to a folder on another disk."
            )
        return (
            f"The model {entry.name} cannot be kept in {self.folder} ({error.strerror or error}): "
            "set DAEDAM_MODELS to a folder that you may write."
        )


def _installed(entry: Entry) -> list[Path]:
    """Where an installed package holds the files, found without importing it."""
    if entry.installed is None:
        return []
    package, *below = entry.installed.split("/")
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return [Path(place, *below) for place in places or ()]


def _glance(entry: Entry, home: Path) -> Status:
    """Judge by sizes alone."""
    sizes = {file: _size(home / file.name) for file in entry.files}
    if any(size is None for size in sizes.values()):
        return Status.MISSING
    return Status.PRESENT if all(f.size == s for f, s in sizes.items()) else Status.CORRUPT


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.0f} MB"
