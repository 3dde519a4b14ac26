"""The constraints of a service model that botocore leaves to the service: maxima, enums, patterns, lengths of blobs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

_LENGTHS = frozenset({"string", "blob", "list", "map"})


def violations(value: object, shape: Shape, path: str = "") -> Iterator[str]:
    """Yields each violation in Amazon's wording.

    Args:
        value: As boto3 shows it, with the types of the model.
        shape: What it has to be.
        path: Where it is, as Amazon writes it ("image.bytes").
    """
    yield from (f"Value at '{path}' failed to satisfy constraint: {broken}" for broken in _broken(value, shape))
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name, member in value.items():
            yield from violations(member, shape.members[name], _joined(path, name))
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for position, member in enumerate(value, 1):
            yield from violations(member, shape.member, f"{path}.{position}.member")
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for name, member in value.items():
            yield from violations(name, shape.key, path)
            yield from violations(member, shape.value, _joined(path, name))


def _broken(value: object, shape: Shape) -> Iterator[str]:
    size = len(value) if shape.type_name in _LENGTHS and isinstance(value, str | bytes | list | Mapping) else value
    measure = "length" if shape.type_name in _LENGTHS else "value"
    if isinstance(size, int | float):
        if (most := shape.metadata.get("max")) is not None and size > most:
            yield f"Member must have {measure} less than or equal to {most}"
        # The validator has checked the other minima; it takes a blob of any length.
        if (least := shape.metadata.get("min")) is not None and size < least:
            yield f"Member must have {measure} greater than or equal to {least}"
    if isinstance(shape, StringShape) and isinstance(value, str):
        if shape.enum and value not in shape.enum:
            yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        pattern = shape.metadata.get("pattern")
        if pattern is not None and (compiled := _compiled(pattern)) is not None and not compiled.fullmatch(value):
            yield f"Member must satisfy regular expression pattern: {pattern}"


@lru_cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        # The patterns of tags are written for Java and use Unicode classes that Python lacks; tags are not checked.
        return None


def _joined(path: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name
