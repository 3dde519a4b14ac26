"""Says what is wrong in a YAML document: each mistake with its line, the item of the list it is in, and its field."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ValidationError

from portero_bridge.redact import redact_url

Place = tuple[str | int, ...]
"""Where a value is in a document: names of fields, and numbers of list items."""

_LONGEST_NAME = 63
_MERGE = "tag:yaml.org,2002:merge"


class Problem(NamedTuple):
    """One mistake: where it is, and what is wrong or must be there. Never shows the value, which may be a password."""

    place: Place
    words: str


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Returns the mistakes that a model found, with the nearest name where it has no such field."""
    found = []
    for problem in error.errors(include_url=False, include_input=False):
        place = problem["loc"]
        words = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            words = f"there is no such setting{_nearest(str(place[-1]), _fields(model, place[:-1]))}"
        found.append(Problem(place, words))
    return found


def written_twice(root: yaml.Node | None) -> list[Problem]:
    """Returns the fields that stand twice in one mapping, of which YAML would silently take the last."""
    found: list[Problem] = []
    seen: set[int] = set()

    def look(node: yaml.Node, place: Place) -> None:
        if id(node) in seen:
            return
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                look(item, (*place, number))
        elif isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in names and key.tag != _MERGE:
                        found.append(Problem((*place, key.value), "is written twice"))
                    names.add(key.value)
                    look(value, (*place, key.value))

    if root is not None:
        look(root, ())
    return found


def described(problems: Iterable[Problem], root: yaml.Node | None, document: Any) -> list[str]:
    """Returns a line for each mistake, in the order of the file: `line 7, camera front-door: rate: …`."""
    lines = sorted({(_line(root, place), _said(place, words, document)) for place, words in problems})
    return [f"line {number}, {said}" for number, said in lines]


def _said(place: Place, words: str, document: Any) -> str:
    parts: list[str] = []
    value = document
    for number, step in enumerate(place):
        if isinstance(step, int) and parts:
            parts[-1] = f"{parts[-1].removesuffix('s')} {_name(value, step)}"
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            parts.append(_shown(str(step)))
            value = value.get(step) if isinstance(value, dict) else None
            if value is None and number + 1 < len(place) and isinstance(place[number + 1], int):
                value = []
    return ": ".join([*parts, words]) if parts else f"the document: {words}"


def _name(items: Any, index: int) -> str:
    """Returns what people call an item of a list: its `name`, or its number, counted from one."""
    item = items[index] if isinstance(items, list) and index < len(items) else None
    name = item.get("name") if isinstance(item, dict) else None
    return _shown(name) if isinstance(name, str) and name else str(index + 1)


def _shown(name: str) -> str:
    """Returns a name as messages show it: on one line, not too long, without a password put in the wrong place."""
    return redact_url(name[:_LONGEST_NAME] if name.isprintable() else repr(name[:_LONGEST_NAME]))


def _line(root: yaml.Node | None, place: Place) -> int:
    """Returns the line of a value, or of the innermost part of its place that is written down."""
    node, line = root, 1 if root is None else root.start_mark.line + 1
    for step in place:
        if isinstance(step, int) and isinstance(node, yaml.SequenceNode) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        elif isinstance(step, str) and isinstance(node, yaml.MappingNode):
            found = _entry(node, step)
            if found is None:
                break
            key, node = found
            line = key.start_mark.line + 1
        else:
            break
    return line


def _entry(mapping: yaml.MappingNode, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    """Returns a field's key and value, the last if there are several; else those of what is merged (`<<`)."""
    own = [(key, value) for key, value in mapping.value if key.value == name and key.tag != _MERGE]
    if own:
        return own[-1]
    for key, value in mapping.value:
        if key.tag == _MERGE:
            for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(merged, yaml.MappingNode) and merged is not mapping and (found := _entry(merged, name)):
                    return found
    return None


def _fields(model: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """Returns the names of the fields that there are at a place."""
    for step in place:
        if isinstance(step, str):
            inner = next(_models(model.model_fields[step].annotation), None) if step in model.model_fields else None
            if inner is None:
                return []
            model = inner
    return list(model.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)


def _nearest(name: str, fields: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(name, list(fields), n=1)
    return f" (did you mean {nearest[0]}?)" if nearest else ""
