"""A process that appends from several writers and prints each seq once it is acknowledged.

``python -m tests.server.journal.appender FILE``; it never ends by itself.
"""

import asyncio
import sys
from pathlib import Path

from server.journal.sqlite import SqliteJournal
from tests.server.stories import draft, note

WRITERS = 4


async def main(path: Path) -> None:
    journal = await asyncio.to_thread(SqliteJournal, path)

    async def write(writer: int) -> None:
        number = 0
        while True:
            text = f"{writer} {number}"
            appended = await journal.append("a", [draft(note(text))])
            sys.stdout.write(f"{appended.seqs[0]} {text}\n")
            sys.stdout.flush()
            number += 1

    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
