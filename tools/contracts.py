"""Writes docs/openapi.json and docs/asyncapi.json, which the server also serves.

python -m tools.contracts
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from server.api.contracts import asyncapi_document, openapi_document

DOCS: Final = Path(__file__).parent.parent / "docs"
DOCUMENTS: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "openapi.json": openapi_document,
    "asyncapi.json": asyncapi_document,
}


def text_of(name: str) -> str:
    """Return what a document should hold."""
    return json.dumps(DOCUMENTS[name](), ensure_ascii=False, indent=2) + "\n"


def stale(folder: Path = DOCS) -> list[str]:
    """Return the documents that do not hold what they should."""
    return [
        name
        for name in DOCUMENTS
        if not (folder / name).exists() or (folder / name).read_text() != text_of(name)
    ]


def main() -> None:
    """Bring the documents up to date."""
    for name in stale():
        (DOCS / name).write_text(text_of(name))


if __name__ == "__main__":
    main()
