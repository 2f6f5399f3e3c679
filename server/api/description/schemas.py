"""JSON schemas of what crosses the wire, by the names of their classes."""

import inspect
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import inspect as types

Schema: TypeAlias = dict[str, Any]

_REF: Final = "#/components/schemas/{name}"


def ref(name: str) -> Schema:
    return {"$ref": _REF.format(name=name)}


def schemas(
    sent: Sequence[object], taken: Sequence[object] = ()
) -> tuple[list[Schema], dict[str, Schema]]:
    """Return a schema of each type, ``sent`` before ``taken``, and their parts by name.

    Args:
        sent: types that the server sends: a field with a default is there all the same, unless
            its class leaves defaults out.
        taken: types that the server reads: a field with a default may be missing.

    Raises:
        TypeError: a class is sent and taken, which one schema cannot tell.
    """
    found, components = msgspec.json.schema_components([*sent, *taken], ref_template=_REF)
    told = {info.cls for info in _inside(sent) if isinstance(info, types.StructType)}
    if both := told & {info.cls for info in _inside(taken) if isinstance(info, types.StructType)}:
        raise TypeError(f"sent and taken: {', '.join(sorted(kind.__name__ for kind in both))}")
    for kind in told:
        _as_sent(kind, components[kind.__name__])
    for info in _inside(sent):
        if isinstance(info, types.DataclassType):
            schema = components[info.cls.__name__]
            schema["required"] = list(schema["properties"])
            for property_ in schema["properties"].values():
                property_.pop("default", None)
    for schema in components.values():
        if "description" in schema:
            schema["description"] = prose(schema["description"])
    return list(found), {name: components[name] for name in sorted(components)}


def prose(docstring: str) -> str:
    """Return a docstring as Markdown."""
    return inspect.cleandoc(docstring).replace("``", "`")


def _as_sent(kind: type[msgspec.Struct], schema: Schema) -> None:
    """Turn the schema of what may be read into that of what is written."""
    required = []
    for field in msgspec.structs.fields(kind):
        property_ = schema["properties"][field.encode_name]
        property_.pop("default", None)
        if not kind.__struct_config__.omit_defaults or field.required:
            required.append(field.encode_name)
        elif field.default is None:
            # None is never sent: it is what leaving the field out means.
            _without_null(property_)
    tag = kind.__struct_config__.tag_field
    schema["required"] = ([tag] if tag else []) + required


def _without_null(schema: Schema) -> None:
    rest = [part for part in schema.pop("anyOf") if part != {"type": "null"}]
    schema.update(rest[0] if len(rest) == 1 else {"anyOf": rest})


def _inside(kinds: Iterable[object]) -> Iterator[types.Type]:
    """Yield each type and every type inside it."""
    for info in types.multi_type_info(list(kinds)):
        yield from _with_parts(info)


def _with_parts(info: types.Type) -> Iterator[types.Type]:
    yield info
    match info:
        case types.StructType() | types.DataclassType() | types.TypedDictType():
            parts: Iterable[types.Type] = [field.type for field in info.fields]
        case types.UnionType():
            parts = info.types
        case types.VarTupleType() | types.ListType():
            parts = [info.item_type]
        case types.TupleType():
            parts = info.item_types
        case types.DictType():
            parts = [info.value_type]
        case _:
            parts = []
    for part in parts:
        yield from _with_parts(part)
