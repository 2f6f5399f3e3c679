"""Writes static/js/messages.d.ts, the types of the wire, from what the server declares.

python -m tools.messages_dts
"""

import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import inspect as types

from server.entries import Entry
from server.events import CATALOGUE, Blank
from server.messages import ANSWERS, COMMANDS, SIGNALS

FILE: Final = Path(__file__).parent.parent / "static/js/messages.d.ts"

_HEAD: Final = """\
/* Written by `make types` from server/messages.py and server/events.py: change those instead.
 *
 * A newer server may send types that are not listed here; whoever switches over `type` has to
 * pass over what it does not know.
 */
"""
_ENVELOPE: Final = "Envelope"
_SCALARS: Final[dict[type[types.Type], str]] = {
    types.NoneType: "null",
    types.BoolType: "boolean",
    types.IntType: "number",
    types.FloatType: "number",
    types.StrType: "string",
    types.AnyType: "any",
}
_Kind: TypeAlias = type[Any]
"""A struct or a typed dictionary."""


def messages_dts() -> str:
    """Return what the file should hold."""
    return "\n".join([_HEAD, *_Declarations().all()])


def is_stale(file: Path = FILE) -> bool:
    return not file.exists() or file.read_text() != messages_dts()


def main() -> None:
    """Bring the file up to date."""
    if is_stale():
        FILE.write_text(messages_dts())


class _Declarations:
    """The declarations in reading order, each struct inside a message before its first use."""

    def __init__(self) -> None:
        self._named: dict[str, _Kind] = {}
        self._nested: list[str] = []

    def all(self) -> Iterator[str]:
        """Yield each declaration.

        Raises:
            TypeError: two would have one name, or a type has no counterpart yet.
        """
        for union, kinds in (("Command", COMMANDS), ("Answer", ANSWERS), ("Signal", SIGNALS)):
            for kind in kinds:
                tag = f'type: "{kind.__struct_config__.tag}"'
                yield from self._declare(kind, [tag, *self._fields(kind, union == "Command")])
            yield _union(union, [kind.__name__ for kind in kinds])
        yield _interface(_ENVELOPE, _ENVELOPE_COMMENT, self._fields(Entry, without=_OWN))
        for name, event in CATALOGUE.items():
            fields = [f'type: "{name}"', *self._fields(event)]
            yield from self._declare(event, fields, _ENVELOPE)
        yield _union("JournalEvent", [event.__name__ for event in CATALOGUE.values()])
        yield from self._declare(Blank, ['type: JournalEvent["type"]', "erased: true"], _ENVELOPE)
        yield _union("ServerMessage", ["Answer", "Signal", "JournalEvent"])

    def _declare(self, kind: _Kind, fields: list[str], extends: str | None = None) -> list[str]:
        """Return the declaration of ``kind``, after those that making its fields brought up."""
        if self._named.setdefault(kind.__name__, kind) is not kind or kind.__name__ == _ENVELOPE:
            raise TypeError(f"two declarations would be called {kind.__name__}")
        nested, self._nested = self._nested, []
        return [*nested, _interface(kind.__name__, inspect.getdoc(kind) or "", fields, extends)]

    def _fields(
        self, kind: _Kind, may_omit: bool = False, without: tuple[str, ...] = ()
    ) -> list[str]:
        """Return ``name: type`` of each field; ``may_omit``: the sender may leave defaults out."""
        info = types.type_info(kind)
        assert isinstance(info, types.StructType | types.TypedDictType)
        fields = sorted(_in_order(info), key=lambda field: not field.required)
        is_omitted = (
            isinstance(info, types.TypedDictType) or info.cls.__struct_config__.omit_defaults
        )
        return [
            self._field(field, may_omit, is_omitted)
            for field in fields
            if field.name not in without
        ]

    def _field(self, field: types.Field, may_omit: bool, is_omitted: bool) -> str:
        kind = field.type
        if is_omitted and field.default is None and isinstance(kind, types.UnionType):
            # None is never sent: it is what leaving the field out means.
            rest = [part for part in kind.types if not isinstance(part, types.NoneType)]
            kind = types.UnionType(tuple(rest))
        is_optional = (may_omit or is_omitted) and not field.required
        return f"{field.encode_name}{'?' if is_optional else ''}: {self._type(kind)}"

    def _type(self, kind: types.Type) -> str:
        match kind:
            case types.UnionType():
                return " | ".join(dict.fromkeys(self._type(part) for part in kind.types))
            case types.LiteralType():
                return " | ".join(msgspec.json.encode(value).decode() for value in kind.values)
            case types.VarTupleType() | types.ListType():
                inner = self._type(kind.item_type)
                return f"({inner})[]" if " | " in inner else f"{inner}[]"
            case types.TupleType():
                return f"[{', '.join(self._type(part) for part in kind.item_types)}]"
            case types.DictType():
                return f"Record<{self._type(kind.key_type)}, {self._type(kind.value_type)}>"
            case types.EnumType():
                return " | ".join(f'"{member.value}"' for member in kind.cls)
            case types.StructType() | types.TypedDictType():
                return self._nested_struct(kind.cls)
            case _ if type(kind) in _SCALARS:
                return _SCALARS[type(kind)]
            case _:
                raise TypeError(f"the browser has no type yet for {kind}")

    def _nested_struct(self, kind: _Kind) -> str:
        if kind.__name__ not in self._named:
            declarations = self._declare(kind, self._fields(kind))
            self._nested.extend(declarations)
        return kind.__name__


def _in_order(info: types.StructType | types.TypedDictType) -> list[types.Field]:
    """Return the fields as they were declared; msgspec tells those of a dictionary by name."""
    if isinstance(info, types.StructType):
        return list(info.fields)
    order = list(info.cls.__annotations__)
    return sorted(info.fields, key=lambda field: order.index(field.name))


_OWN: Final = ("type", "event")
"""Of an entry: what each event says itself."""
_ENVELOPE_COMMENT: Final = """\
What every event carries. ``at``: session seconds; ``wall``: Unix seconds; ``by``: a seat,
``operator`` or ``system``; ``cmd``: the id of the command that caused it."""


def _interface(name: str, comment: str, fields: Iterable[str], extends: str | None = None) -> str:
    lines = comment.replace("``", "`").replace("*/", "* /").splitlines()
    if len(lines) == 1:
        doc = [f"/** {lines[0]} */"]
    else:
        doc = ["/**", *(f" * {line}".rstrip() for line in lines), " */"]
    head = f"export interface {name} {f'extends {extends} ' if extends else ''}{{"
    return "\n".join([*doc, head, *(f"  {field};" for field in fields), "}", ""])


def _union(name: str, members: Iterable[str]) -> str:
    return f"export type {name} =\n" + "\n".join(f"  | {member}" for member in members) + ";\n"


if __name__ == "__main__":
    main()
