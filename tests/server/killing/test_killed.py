"""A session survives its process and its Redis: nothing acknowledged is lost, twice, or moved."""

import random
from pathlib import Path

import pytest

from tests.server.killing.blows import struck, under_load
from tests.server.killing.deployment import deployed

pytestmark = [pytest.mark.process, pytest.mark.redis]

ROUNDS = 5
SEED = 20261123


async def test_everything_acknowledged_survives_kills_of_servers_and_of_redis(
    tmp_path: Path,
) -> None:
    moments = random.Random(SEED)
    async with deployed(tmp_path) as deployment:
        async with under_load(deployment, sessions=("a", "b"), pause_s=0.01) as load:
            for number in range(ROUNDS):
                await struck(load, "server", moments)
                await struck(load, "redis", moments, is_long=number == 0)
            await struck(load, "frozen redis", moments, is_long=True)
            verdict = await load.finished()
    assert verdict.is_clean, verdict
    assert sum(writer.times_lost for writer in load.writers) >= ROUNDS
    # Redis was away for longer than servers wait for it, so notes were sent again.
    assert sum(writer.times_refused for writer in load.writers) > 0
