"""How the process tells what it does: lines for people, or one JSON object a line for programs."""

import atexit
import enum
import logging
import os
import sys
import threading
from datetime import datetime
from types import TracebackType
from typing import TextIO

from pythonjsonlogger.json import JsonFormatter

from server.settings import SettingsError

LAST_LINES_S = 1.0
TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"

progress = logging.getLogger("daedam")
"""What people who start a server want to see: said whatever the level, bare where it is text."""


class LogFormat(enum.StrEnum):
    """What a line of the log is."""

    TEXT = "text"
    JSON = "json"


class JsonLines(JsonFormatter):
    """``{"time", "level", "logger", "message"}``, with ``process`` and ``exception`` if any."""

    def __init__(self) -> None:
        super().__init__(
            ["asctime", "levelname", "name", "message"],
            rename_fields={
                "asctime": "time",
                "levelname": "level",
                "name": "logger",
                "exc_info": "exception",
                "stack_info": "stack",
            },
            json_ensure_ascii=False,
        )

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        del datefmt
        moment = datetime.fromtimestamp(record.created).astimezone()
        return moment.isoformat(timespec="milliseconds")


def setup(level: str, form: str) -> None:
    """Log to standard error from now on.

    Args:
        level: name of the lowest level that is said.
        form: a ``LogFormat``.

    Raises:
        SettingsError: there is no such level or format.
    """
    number, chosen = _level(level), _format(form)
    everything = logging.StreamHandler(sys.stderr)
    bare = logging.StreamHandler(sys.stderr)
    everything.setFormatter(logging.Formatter(TEXT))
    if chosen is LogFormat.JSON:
        everything = bare = _Output(_take_stderr())
        everything.setFormatter(JsonLines())
        sys.excepthook = _log_uncaught
    logging.basicConfig(level=number, handlers=[everything])
    progress.handlers = [bare]
    progress.setLevel(logging.INFO)
    progress.propagate = False


def name_process(process: str) -> None:
    """Let JSON lines carry this process's name in its deployment."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, JsonLines):
            handler.formatter.static_fields["process"] = process


def _level(name: str) -> int:
    levels = logging.getLevelNamesMapping()
    if name.upper() not in levels:
        raise SettingsError(f"DAEDAM_LOG is wrong: choose one of {', '.join(levels)}.")
    return levels[name.upper()]


def _format(name: str) -> LogFormat:
    try:
        return LogFormat(name.lower())
    except ValueError:
        raise SettingsError(
            f"DAEDAM_LOG_FORMAT is wrong: choose one of {', '.join(LogFormat)}."
        ) from None


class _Output(logging.StreamHandler[TextIO]):
    """The real standard error."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say what is wrong, but not that nobody reads any more: it would come back as a line."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def _take_stderr() -> TextIO:
    """Return the real standard error; what anybody else writes there becomes lines of JSON.

    Model libraries, the workers and Python itself write as they please.
    """
    real = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    reader = threading.Thread(target=_log_lines, args=(reading,), name="stderr", daemon=True)
    reader.start()

    def give_back() -> None:
        sys.stderr.flush()
        os.dup2(real.fileno(), 2)  # Closes the last way into the pipe, once the workers are gone.
        reader.join(LAST_LINES_S)

    atexit.register(give_back)
    return real


def _log_lines(source: int) -> None:
    with os.fdopen(source, encoding="utf-8", errors="backslashreplace") as lines:
        for line in lines:
            if line.strip():
                progress.getChild("stderr").warning("%s", line.rstrip())


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    progress.critical("the process ends", exc_info=(kind, error, traceback))
