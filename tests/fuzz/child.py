"""One process that fuzzes one target until it finds something or its runs or time are up."""

from __future__ import annotations

import sys

import atheris

from tests.fuzz.target import TARGETS


def main() -> None:
    """Fuzzes the target named first; what follows are libFuzzer's own arguments."""
    target = TARGETS[sys.argv[1]]
    with atheris.instrument_imports(include=list(target.instrumented)):
        one_input = target.one_input()
    atheris.Setup([sys.argv[0], *sys.argv[2:]], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
