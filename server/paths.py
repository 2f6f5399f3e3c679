"""Addresses of the HTTP resources that more than the routes need to know."""

from urllib.parse import quote

PREFIX = "/api/v1/realtime-interview"
SESSION = PREFIX + "/interview/session"


def session_path(session: str, what: str = "") -> str:
    """Return the address of a session, or of something of it."""
    path = f"{SESSION}/{quote(session, safe='')}"
    return f"{path}/{what}" if what else path


def whip_path(session: str) -> str:
    """Return where encoders send the sound of a session."""
    return f"/whip/{quote(session, safe='')}"
