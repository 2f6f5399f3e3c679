"""``docker-compose.yml`` as Compose reads it, as far as tests need that."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent.parent
COMPOSE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / ".env.example"

_VARIABLE = re.compile(r"\$(?:\{(?P<name>\w+)(?P<rest>:[-?])?|(?P<dollar>\$))")


class Missing(Exception):
    """A variable that must be set is not; the sentence is what Compose would say."""


def rendered(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the file with its variables replaced, in values only, as Compose does it.

    Raises:
        Missing: as Compose refuses to start.
    """
    found: dict[str, Any] = _replaced(_read(), environment)
    return found


def variables() -> frozenset[str]:
    """Return the name of every variable that the file uses."""
    return frozenset(match["name"] for match in _VARIABLE.finditer(_values()) if match["name"])


def needed() -> frozenset[str]:
    """Return the variables without which Compose does not start."""
    return frozenset(re.findall(r"\$\{(\w+):\?", _values()))


def example() -> dict[str, str]:
    """Return what ``.env.example`` says, with an empty string where it asks for a value."""
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and line[0] != "#"]
    return dict(line.split("=", 1) for line in lines)


def interpolated(text: str, environment: Mapping[str, str]) -> str:
    """Replace ``$$``, ``${NAME}``, ``${NAME:-else}`` and ``${NAME:?sentence}``; they may be nested.

    Raises:
        Missing: a variable of the last kind is not set, or empty.
    """
    whole = ""
    while match := _VARIABLE.search(text):
        whole += text[: match.start()]
        if match["dollar"]:
            whole, text = whole + "$", text[match.end() :]
            continue
        end = _closing(text, match.end())
        other, text = text[match.end() : end], text[end + 1 :]
        value = environment.get(match["name"], "")
        if not value and match["rest"] == ":?":
            raise Missing(other)
        if not value and match["rest"] == ":-":
            value = interpolated(other, environment)
        whole += value
    assert "$" not in text, f"not a form that this reader knows: {text}"
    return whole + text


def _read() -> Any:
    return YAML(typ="safe", pure=True).load(COMPOSE.read_text())


def _closing(text: str, start: int) -> int:
    depth = 1
    for place in range(start, len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return place
    raise ValueError(f"a brace is not closed: {text}")


def _replaced(part: Any, environment: Mapping[str, str]) -> Any:
    match part:
        case str():
            return interpolated(part, environment)
        case dict():
            return {name: _replaced(value, environment) for name, value in part.items()}
        case list():
            return [_replaced(value, environment) for value in part]
        case _:
            return part


def _values() -> str:
    """Return every value, without comments."""

    def words(part: Any) -> list[str]:
        if isinstance(part, str):
            # Two dollars are for the shell inside the container.
            return [part.replace("$$", "")]
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        return [word for each in inner for word in words(each)]

    return "\n".join(words(_read()))
