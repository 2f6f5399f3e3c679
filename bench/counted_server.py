"""``daedam`` with a look inside: at SIGUSR1 it writes what it has into the file BENCH_COUNTS names.

For measurements only: tasks cannot be seen from outside.
"""

import asyncio
import gc
import json
import os
import signal
from types import FrameType

from server.cli.parser import main

COUNTS = "BENCH_COUNTS"


def _count(number: int, frame: FrameType | None) -> None:
    """Write at once: a signal is handled between two steps of the event loop's thread."""
    del number, frame
    tasks = sorted(task.get_name() for task in asyncio.all_tasks())
    gc.collect()
    counts = {"tasks": tasks, "objects": len(gc.get_objects())}
    path = os.environ[COUNTS]
    with open(f"{path}.new", "w") as file:
        json.dump(counts, file)
    os.replace(f"{path}.new", path)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _count)
    main()
