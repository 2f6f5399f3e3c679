"""``daedam models``."""

import argparse
import sys

from tqdm import tqdm

from pipeline.models import FetchFailed, Registry, Status
from server.settings import Settings


def models(settings: Settings, options: argparse.Namespace) -> int:
    """List, check or fetch; the status is 1 when a model that is fetched unasked is not intact."""
    registry = Registry.default(settings.models)
    names = (options.name,) if options.name else registry.defaults
    if options.action == "fetch":
        for name in names:
            _fetch(registry, name, options)
        return 0
    if options.action == "list" and options.name is None:
        names = tuple(registry.entries)
    is_whole = True
    for name in names:
        status = registry.check(name)
        entry = registry.entry(name)
        is_whole = is_whole and (status is Status.PRESENT or not entry.is_default)
        print(f"{name:22} {status.value:8} {entry.size / 1e6:8.1f} MB  {entry.licence}")
    print(f"folder: {registry.folder}", file=sys.stderr)
    return 0 if options.action == "list" or is_whole else 1


def _fetch(registry: Registry, name: str, options: argparse.Namespace) -> None:
    try:
        with _Bar() as bar:
            path = registry.fetch(name, bar.show, options.folder)
    except FetchFailed as error:
        if options.name or registry.entry(name).is_needed:
            raise
        print(f"{error} The server works without it: daedam doctor says what it lacks.")
    else:
        print(f"{name}: {path}")


class _Bar:
    """One progress bar per step on stderr."""

    def __init__(self) -> None:
        self._bar: tqdm[None] | None = None
        self._doing = ""

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def show(self, doing: str, done_bytes: int, total_bytes: int) -> None:
        if doing != self._doing:
            self._close()
            self._doing = doing
            if not total_bytes:
                print(doing, file=sys.stderr, flush=True)
                return
            self._bar = tqdm(desc=doing, total=total_bytes, unit="B", unit_scale=True)
        if self._bar is not None:
            self._bar.update(done_bytes - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
