"""Reads a YAML file into a pydantic model; any error becomes one readable line."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from portero_bridge.errors import SettingsError

_MAX_BYTES = 1024 * 1024
_MAX_NODES = 200_000

_ModelT = TypeVar("_ModelT", bound=BaseModel)


def read_yaml(path: Path, model: type[_ModelT]) -> _ModelT:
    """Reads and checks a file.

    Raises:
        SettingsError: It cannot be read, is no YAML, or does not fit; names the file, the field and the limit.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise SettingsError(f"{path}: has more than {_MAX_BYTES} bytes")
    try:
        if _expanded(yaml.compose(content, yaml.SafeLoader)) > _MAX_NODES:
            raise SettingsError(f"{path}: its aliases stand for more than {_MAX_NODES} values")
        document = yaml.safe_load(content)
    except SettingsError:
        raise
    except yaml.MarkedYAMLError as error:
        where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SettingsError(f"{path}: is not YAML{where}: {error.problem}") from error
    except Exception as error:  # `!!int ""`, `!!bool maybe` and `!!timestamp 1` raise whatever comes inside PyYAML
        raise SettingsError(f"{path}: is not YAML ({type(error).__name__})") from error
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise SettingsError(f"{path}: {first_problem(error)}") from error


def _expanded(root: yaml.Node | None) -> int:
    """Counts the values of a document as if every alias were written out, up to a little over the limit.

    A merge (`<<`) does write them out, and thirty lines that each merge the previous one twice are a billion values.
    """
    counts: dict[int, int] = {}

    def count(node: yaml.Node) -> int:
        known = counts.get(id(node))
        if known is not None:
            return known
        # An alias for something that it is itself in never ends.
        counts[id(node)] = _MAX_NODES + 1
        parts = node.value if isinstance(node, yaml.CollectionNode) else ()
        total = 1
        for part in parts:
            total += sum(map(count, part)) if isinstance(part, tuple) else count(part)
        counts[id(node)] = min(total, _MAX_NODES + 1)
        return counts[id(node)]

    return 0 if root is None else count(root)


def first_problem(error: ValidationError) -> str:
    """Returns the first error as one line without the value, which may be an address with a password."""
    problems = error.errors(include_url=False, include_input=False)
    first = problems[0]
    field = ".".join(str(part) for part in first["loc"]) or "the document"
    words = "there is no such setting" if first["type"] == "extra_forbidden" else first["msg"]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{field}: {words.removeprefix('Value error, ')}{more}"
