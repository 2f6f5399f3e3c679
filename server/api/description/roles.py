"""Whom the access table lets do and see what, as lists of roles."""

from server.access import HTTP, Principal, Role


def may_use(resource: str) -> list[str]:
    """Return the roles whose links open an HTTP resource; for an open one, all."""
    right = HTTP[resource].right
    return [str(role) for role in Role if right is None or _as(role).has(right)]


def may_send(command: str) -> list[str]:
    return [str(role) for role in Role if _as(role).may(command)]


def see(kind: str) -> list[str]:
    return [str(role) for role in Role if _as(role).sees(kind)]


def _as(role: Role) -> Principal:
    return Principal(frozenset({role}))
