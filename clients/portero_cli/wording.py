"""Rewords errors about the contract's fields: a user knows `--visit-gap`, and not `camera.visit_gap`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import get_args

from typer.models import ArgumentInfo, OptionInfo

from portero_client import InvalidArgument

# The fields that a parameter fills in, where they are not of the same name.
_FIELDS = {
    "after": ("after_position",),
    "at": ("give_time",),
    "candidates": ("max_candidates",),
    "contains": ("display_name_contains",),
    "lasts": ("expire_time",),
    "limit": ("page_size",),
    "name": ("display_name",),
    "photo": ("image",),
    "since": ("start_time",),
    "source": ("source_image",),
    "target": ("target_image",),
    "text": ("text_version",),
    "until": ("end_time", "expire_time"),
    "boxes": ("privacy_zones",),
}
_PATH = re.compile(r"[a-z_]+(?:\.[a-z_]+)*")


def words_of(parameters: Iterable[inspect.Parameter]) -> Mapping[str, str]:
    """Returns what a command's user calls each field: the option, or the argument as in its help.

    Args:
        parameters: Parameters of the command, annotated for typer.
    """
    words = {}
    for parameter in parameters:
        for info in get_args(parameter.annotation):
            if isinstance(info, OptionInfo | ArgumentInfo):
                for field in _FIELDS.get(parameter.name, (parameter.name,)):
                    words[field] = _shown(parameter.name, info)
    return words


def reworded(error: InvalidArgument, words: Mapping[str, str]) -> InvalidArgument:
    """Returns the error with each field named as in the command's help; other text stays as it is."""

    def word(found: re.Match[str]) -> str:
        path = found[0]
        # A field of a single plain word is only taken for one where the sentence is about it.
        is_field = "_" in path or "." in path or (path == error.field and found.start() == 0)
        return words.get(path.rpartition(".")[2], path) if is_field else path

    return InvalidArgument(_PATH.sub(word, error.message), field=error.field, reason=error.reason)


def _shown(name: str, info: OptionInfo | ArgumentInfo) -> str:
    if isinstance(info, ArgumentInfo):
        return (info.metavar or name.upper()).strip("[].")
    # In an annotation, the first name stands where the default is elsewhere.
    names = [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str) and each[:1] == "-"]
    return max(names, key=len, default=f"--{name.replace('_', '-')}")
