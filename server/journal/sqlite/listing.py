"""The pages of the list of sessions in SQLite, each found in an index however many there are."""

import math
import sqlite3

from server.journal.listing import told_by
from server.journal.protocol import Listing, SessionInfo

LIST_INDEXES = """
CREATE INDEX IF NOT EXISTS session_newest ON session(created_wall, id);
CREATE INDEX IF NOT EXISTS session_newest_of_state ON session(is_closed, created_wall, id);
"""
"""For the pages of the list; journals of earlier releases get them too, and those keep them up."""
LISTED_AT_ONCE = 64
"""Sessions read at a time: a usual page, and milliseconds for whoever reads next."""
PAST_EVERYTHING = (math.inf, 0)
"""Later than every session: where the first page begins."""


def listed(
    connection: sqlite3.Connection, wanted: Listing, rest: tuple[float, int]
) -> list[tuple[int, SessionInfo]]:
    """Return the next sessions after ``rest`` (wall and row) in the list, with their rows."""
    conditions, values = ["s.last_seq>0", "(s.created_wall, s.id)<(?,?)"], list[object](rest)
    if wanted.state is not None:
        conditions.append("s.is_closed=?")
        values.append(wanted.state == "past")
    if wanted.session is not None:
        conditions.append("s.name=?")
        values.append(wanted.session)
    rows = connection.execute(
        "SELECT s.id, s.name, s.last_seq, s.created_wall, s.last_wall, s.is_closed, s.is_erased,"
        " e.type, e.v, e.body FROM session s LEFT JOIN event e ON e.session=s.id AND e.seq=1"
        f" WHERE {' AND '.join(conditions)} ORDER BY s.created_wall DESC, s.id DESC LIMIT ?",
        (*values, LISTED_AT_ONCE),
    ).fetchall()
    return [
        (
            row[0],
            told_by(
                None if row[7] is None else (row[7], row[8], bytes(row[9])),
                SessionInfo(row[1], row[2], row[3], row[4], bool(row[5]), bool(row[6])),
            ),
        )
        for row in rows
    ]
