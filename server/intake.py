"""A record as ``daedam export --format journal`` wrote it: read back, and believed as a whole."""

from collections.abc import Iterable

import msgspec

from server.entries import Entry
from server.errors import ClientError, ErrorCode
from server.events import SessionCreated
from server.session import Session, fold

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line; the largest event, a long note, has some tens of thousands."""


def read_lines(lines: Iterable[bytes]) -> list[Entry]:
    """Return the entries of all lines.

    Raises:
        ClientError: what is wrong and in which line.
    """
    entries = [_entry(number, line) for number, line in enumerate(lines, 1)]
    if not entries:
        raise _refusal("The file is empty; write one with: daedam export SESSION --format journal.")
    return entries


def session_of(session: str, entries: Iterable[Entry]) -> Session:
    """Return what the entries add up to, which proves that they are a session.

    Raises:
        ClientError: they are none.
    """
    try:
        return fold(session, entries)
    except Exception as error:  # Whatever they are, no event of a session stops its fold.
        raise _refusal(f"The events are no session: {error}.") from error


def _entry(number: int, line: bytes) -> Entry:
    if len(line) > MAX_LINE:
        raise _refusal(f"Line {number} is longer than any event.")
    try:
        entry = Entry.from_wire(line)
    except msgspec.ValidationError as error:
        raise _refusal(f"Line {number} is no event: {error}.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise _refusal(f"Line {number} is no JSON object; was the file cut short?") from None
    if entry.seq != number:
        raise _refusal(f"Line {number} has event {entry.seq}; every event from 1 on is needed.")
    if number == 1 and entry.type != SessionCreated.type():
        raise _refusal(f"Line 1 is {entry.type}, and a session begins with session_created.")
    return entry


def _refusal(sentence: str) -> ClientError:
    return ClientError(ErrorCode.BAD_REQUEST, f"{sentence} Nothing was written.")
