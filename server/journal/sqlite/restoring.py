"""A whole session into SQLite, within the transaction of whoever asks."""

import sqlite3
from collections.abc import Sequence

from server.entries import Entry, encode_body
from server.journal.protocol import Conflict
from server.journal.restoring import Summary

INSERT_EVENT = (
    "INSERT INTO event(session, seq, at, wall, author, v, type, cmd, body)"
    " VALUES(?,?,?,?,?,?,?,?,?)"
)


def restored(
    connection: sqlite3.Connection, key: int, entries: Sequence[Entry], summary: Summary
) -> None:
    """Write ``entries`` as the session of this row, which has none yet.

    Raises:
        Conflict: it has some.
    """
    last = connection.execute("SELECT last_seq FROM session WHERE id=?", (key,)).fetchone()[0]
    if last:
        raise Conflict(f"the session exists and is at {last}")
    # One row after the other: a long session is not copied as a whole first.
    connection.executemany(
        INSERT_EVENT,
        (
            (key, e.seq, e.at, e.wall, e.by, e.body_v, e.type, e.cmd, encode_body(e.event))
            for e in entries
        ),
    )
    connection.execute(
        "UPDATE session SET last_seq=?, created_wall=?, last_wall=?, is_closed=?, is_erased=?"
        " WHERE id=?",
        (
            summary.last_seq,
            summary.created_wall,
            summary.last_wall,
            summary.is_closed,
            summary.is_erased,
            key,
        ),
    )
