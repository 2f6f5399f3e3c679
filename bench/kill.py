"""What is lost when servers and Redis are killed under load: it should be nothing.

``python -m bench.kill [--rounds 50] [--seed 1] [--what server|redis|both|frozen|all]``. A real
redis-server (AOF, ``appendfsync always``) and two real servers on it; writers and readers of
several sessions at both. Each round kills one at a random moment (SIGKILL), starts it again and
waits until every writer has notes acknowledged again; a frozen Redis (SIGSTOP) goes on by itself.
At the end what was acknowledged and what was read is compared with the journals. Exits with 1 if
anything is wrong.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.results import Cell, print_table, store
from bench.serving import percentile
from tests.server.killing.blows import Blow, Load, Victim, struck, under_load
from tests.server.killing.deployment import Deployment, deployed
from tests.server.killing.verdict import Verdict

SESSIONS = 3
PAUSE_S = 0.04
WHAT: dict[str, tuple[Victim, ...]] = {
    "server": ("server",),
    "redis": ("redis",),
    "both": ("server", "redis"),
    "frozen": ("frozen redis",),
    "all": ("server", "redis", "frozen redis"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--what", choices=WHAT, default="all")
    options = parser.parse_args()
    table, is_clean = asyncio.run(_measured(WHAT[options.what], options.rounds, options.seed))
    print_table(table)
    print(store("kill", table))
    sys.exit(0 if is_clean else 1)


async def _measured(
    victims: Sequence[Victim], rounds: int, seed: int
) -> tuple[list[dict[str, Cell]], bool]:
    moments = random.Random(seed)
    table, is_clean = [], True
    with tempfile.TemporaryDirectory(prefix="daedam-kill-") as folder:
        async with deployed(Path(folder)) as deployment:
            for victim in victims:
                load, blows, verdict = await _struck(deployment, victim, rounds, moments)
                table.append(_row(load, blows, verdict) | {"seed": seed})
                is_clean = is_clean and verdict.is_clean
    return table, is_clean


async def _struck(
    deployment: Deployment, victim: Victim, rounds: int, moments: random.Random
) -> tuple[Load, list[Blow], Verdict]:
    sessions = [f"{victim} {number}" for number in range(SESSIONS)]
    async with under_load(deployment, sessions=sessions, pause_s=PAUSE_S) as load:
        blows = []
        for number in range(rounds):
            blows.append(await struck(load, victim, moments))
            print(f"{victim} {number + 1}/{rounds}: {blows[-1].outage_s:.2f} s", file=sys.stderr)
        return load, blows, await load.finished()


def _row(load: Load, blows: Sequence[Blow], verdict: Verdict) -> dict[str, Cell]:
    outages = [blow.outage_s for blow in blows]
    backs = [blow.back_s for blow in blows]
    return {
        "killed": blows[0].victim,
        "rounds": len(blows),
        "acknowledged": verdict.acknowledged,
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "disordered": verdict.disordered,
        "gaps": verdict.gaps,
        "read": verdict.read,
        "misread": verdict.misread,
        "disagreements": verdict.disagreements,
        "connections_lost": sum(writer.times_lost for writer in load.writers),
        "refused": sum(writer.times_refused for writer in load.writers),
        "outage_p50_s": round(percentile(outages, 0.5), 2),
        "outage_max_s": round(max(outages), 2),
        "back_p50_s": round(percentile(backs, 0.5), 2),
        "note_max_s": round(max(writer.longest_wait_s for writer in load.writers), 2),
    }


if __name__ == "__main__":
    main()
