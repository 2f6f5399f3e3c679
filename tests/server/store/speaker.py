"""A process that keeps sound as fast as session time goes, and says how far it is.

``python -m tests.server.store.speaker ROOT SESSION TRACK MARK``; it never ends by itself.
"""

import asyncio
import sys
import time
from pathlib import Path

from server.store.folder import FolderStore
from tests.server.store.memory import keep, sound


async def main(root: str, session: str, track: str, mark: str) -> None:
    store = FolderStore(Path(root))
    recorder = store.record(session, track)
    began, told_s = time.monotonic(), 0.0
    while True:
        await asyncio.sleep(0.02)
        # Eight times as fast as people speak: a piece is cut about every second.
        now_s = round((time.monotonic() - began) * 8, 1)
        keep(recorder, sound(told_s, now_s - told_s, mark))
        told_s = now_s
        sys.stdout.write(f"{told_s}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
