"""A process that appends from several writers and prints what became of each note.

``python -m tests.server.journal.appender JOURNAL NAME``, with JOURNAL as in ``DAEDAM_JOURNAL``; it
never ends by itself. A line is ``+ SEQ TEXT`` (acknowledged), ``- TEXT`` (surely not kept) or
``? TEXT`` (nobody knows).
"""

import asyncio
import sys

from server.errors import JournalUnavailable, OutcomeUnknown
from server.journal.opening import open_journal
from server.journal_address import Durability, read_journal
from server.settings import Settings
from tests.server.stories import draft, note

WRITERS = 4
SESSION = "a"


async def main(address: str, name: str) -> None:
    settings = Settings(journal=read_journal(address), durability=Durability("always"))
    opened = await open_journal(settings)

    async def write(writer: int) -> None:
        number = 0
        while True:
            text = f"{name}{writer} {number}"
            # Half of them as people send notes, half as the machine does.
            cmd = text if number % 2 else None
            try:
                found = await opened.journal.append(SESSION, [draft(note(text), cmd=cmd)])
                said = f"? {text}" if found.is_repeat else f"+ {found.seqs[0]} {text}"
            except OutcomeUnknown:
                said = f"? {text}"
            except JournalUnavailable:
                said = f"- {text}"
            sys.stdout.write(said + "\n")
            sys.stdout.flush()
            number += 1

    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
