"""Credentials for a TURN server of one's own, which expire.

The scheme is that of coturn's ``use-auth-secret``: TURN server and Daedam share a secret, and
whoever shows a time and its signature may have sound relayed until then
(draft-uberti-behave-turn-rest-00, section 2.2).
"""

import base64
import hmac
from dataclasses import dataclass
from typing import Final

from server.entrance.ice_servers import IceServer

VALID_S: Final = 12 * 3600
_PSEUDONYM_CHARACTERS: Final = 12


@dataclass(frozen=True, slots=True)
class Login:
    """What a TURN server is shown."""

    username: str
    credential: str

    def __repr__(self) -> str:
        """Leave the credential out."""
        return f"Login({self.username!r})"


def login(secret: str, person: str, now_s: float) -> Login:
    """Return what ``person`` may show until ``VALID_S`` after ``now_s``.

    Args:
        secret: shared with the TURN server.
        person: whoever it is; the server counts by a pseudonym made of it, which says nothing.
        now_s: Unix time.
    """
    key = secret.encode()
    pseudonym = hmac.digest(key, person.encode(), "sha256").hex()[:_PSEUDONYM_CHARACTERS]
    username = f"{int(now_s) + VALID_S}:{pseudonym}"
    signature = hmac.digest(key, username.encode(), "sha1")
    return Login(username, base64.b64encode(signature).decode())


def servers(
    urls: tuple[str, ...], secret: str | None, person: str, now_s: float
) -> tuple[IceServer, ...]:
    """Return the entry that a browser is told, or none without ``urls``."""
    if not urls or secret is None:
        return ()
    shown = login(secret, person, now_s)
    return (IceServer(urls=urls, username=shown.username, credential=shown.credential),)
