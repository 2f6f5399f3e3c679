"""``daedam import``: a record that ``daedam export --format journal`` wrote, into this journal."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

from tqdm import tqdm

from server import intake
from server.cli.office import into_journal
from server.errors import ClientError, ErrorCode
from server.messages import check_session_id
from server.settings import Settings

ENDING = ".jsonl"
STDIN = "-"
QUIET_S = 1.0
"""Work that is done sooner shows no progress."""


def import_record(settings: Settings, options: argparse.Namespace) -> int:
    """Write a whole interview, or nothing."""
    session = check_session_id(options.session or _id_of(options.file))
    with contextlib.ExitStack() as files:
        if options.file == STDIN:
            source = sys.stdin.buffer
        else:
            source = files.enter_context(open(options.file, "rb"))
        entries = intake.read_lines(_lines(source))
    is_over = intake.session_of(session, entries).is_over
    where = into_journal(settings, session, entries)
    print(f"Wrote {len(entries)} events as {session} into {where}.", file=sys.stderr)
    if not is_over:
        print("This interview has not ended; end it with: daedam end", file=sys.stderr)
    return 0


def _id_of(name: str) -> str:
    """Return the id that a file is named after: the lines do not hold it.

    Raises:
        ClientError: it is named after none.
    """
    id_, ending = os.path.splitext(os.path.basename(name))
    if ending != ENDING or not id_:
        raise ClientError(
            ErrorCode.BAD_REQUEST,
            f"Say which id the interview gets, --session ID, or name the file ID{ENDING}.",
        )
    return id_


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """Yield line by line, none much longer than a line may be."""
    is_file = source.seekable()
    total = os.fstat(source.fileno()).st_size if is_file else None
    with tqdm(total=total, unit="B", unit_scale=True, desc="Reading", delay=QUIET_S) as bar:
        while line := source.readline(intake.MAX_LINE + 1):
            yield line
            bar.update(len(line))
