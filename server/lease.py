"""The lease by which one process holds a session: renewed as long as the session lives."""

import asyncio
import logging
import time
from collections.abc import Callable

from server.errors import ClientError
from server.ledger import Ledger

log = logging.getLogger(__name__)

RENEWALS = 3
"""Times that a lease is renewed before it would run out."""
PATIENCE_S = 30.0
"""How long after its lease a holder goes on without the journal: as long as words wait for it."""
LOOK_S = 0.2
"""How often to look whether the work for an ended session is done."""


async def keep_lease(ledger: Ledger) -> bool:
    """Renew the lease until the session is over; return early, False, if it is not ours any more.

    A journal that stays away keeps no word: nobody should believe to be heard.
    """
    lease_s = ledger.lease_s
    renewed = time.monotonic()
    turns = [asyncio.ensure_future(turn.wait()) for turn in (ledger.deposed, ledger.closed)]
    try:
        while not ledger.session.is_over:
            await asyncio.wait(
                turns, timeout=lease_s / RENEWALS, return_when=asyncio.FIRST_COMPLETED
            )
            if ledger.closed.is_set():
                break
            if await _renewed(ledger):
                renewed = time.monotonic()
            is_cut_off = time.monotonic() - renewed > lease_s + PATIENCE_S
            if ledger.deposed.is_set() or is_cut_off:
                return False
    finally:
        for turn in turns:
            turn.cancel()
    return True


async def keep_lease_while(ledger: Ledger, is_busy: Callable[[], bool]) -> bool:
    """Renew the lease of an ended session while there is work; False: it is not ours any more."""
    renewed = time.monotonic()
    while is_busy():  # nobody tells when the last work is done
        await asyncio.sleep(LOOK_S)
        if ledger.deposed.is_set():
            return False
        if time.monotonic() - renewed > ledger.lease_s / RENEWALS:
            renewed = time.monotonic()
            await _renewed(ledger)
    return True


async def _renewed(ledger: Ledger) -> bool:
    """Renew the lease; return whether it could be."""
    try:
        return await ledger.claim() is None
    except ClientError as error:
        log.warning("lease of %s not renewed: %s", ledger.session.id, error.code)
        return False
