"""Reads a YAML file into a pydantic model; an error is one readable line, and several are a line each."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from portero_bridge.errors import SettingsError
from portero_bridge.yaml_problems import Problem, described, problems_of, written_twice

_MAX_BYTES = 1024 * 1024
_MAX_NODES = 200_000

_ModelT = TypeVar("_ModelT", bound=BaseModel)


def _nothing(_: Any) -> Iterable[Problem]:
    return ()


def read_yaml(path: Path, model: type[_ModelT], across: Callable[[Any], Iterable[Problem]] = _nothing) -> _ModelT:
    """Reads and checks a file.

    Args:
        path: The file.
        model: What it must fit.
        across: Finds mistakes that lie between fields, which the model looks for only in a file without others.

    Raises:
        SettingsError: It cannot be read, is not YAML, or does not fit; names the file and every mistake with its line.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise SettingsError(f"{path}: has more than {_MAX_BYTES} bytes")
    try:
        root = yaml.compose(content, yaml.SafeLoader)
        if _expanded(root) > _MAX_NODES:
            raise SettingsError(f"{path}: its aliases stand for more than {_MAX_NODES} values")
        document = yaml.safe_load(content)
    except SettingsError:
        raise
    except yaml.MarkedYAMLError as error:
        where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SettingsError(f"{path}: is not YAML{where}: {error.problem}") from error
    except Exception as error:  # `!!int ""`, `!!bool maybe` and `!!timestamp 1` raise whatever comes inside PyYAML
        raise SettingsError(f"{path}: is not YAML ({type(error).__name__})") from error
    found = [*written_twice(root), *across(document)]
    try:
        checked = model.model_validate(document)
    except ValidationError as error:
        named = problems_of(error, model)
        # What the model says of the whole is said better, and with a line, by `across`.
        found += named if not found else [problem for problem in named if problem.place]
    else:
        if not found:
            return checked
    lines = described(found, root, document)
    if len(lines) == 1:
        raise SettingsError(f"{path}: {lines[0]}")
    raise SettingsError("\n  ".join([f"{path}: {len(lines)} mistakes", *lines]))


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


def all_problems(error: ValidationError, model: type[BaseModel]) -> str:
    """Returns the errors as one line without the values, which may be addresses with passwords."""
    problems = problems_of(error, model)
    return "; ".join(f"{'.'.join(str(part) for part in place) or 'together'}: {words}" for place, words in problems)
