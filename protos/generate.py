"""Generates protos/gen from protos/portero; with --check, fails when the committed code differs.

The compiler is the one inside grpcio-tools, so that everybody generates the same bytes.
"""

from __future__ import annotations

import argparse
import filecmp
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent
GENERATED = ROOT / "gen"
PACKAGE_DOC = '"""Generated from protos/portero/v1; never edited."""\n'


def generate(target: Path) -> None:
    """Writes the whole generated package below `target`; raises SystemExit when protoc refuses."""
    sources = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("portero/**/*.proto"))
    plugins = Path(sys.executable).parent
    arguments = [
        "protoc",
        f"--plugin=protoc-gen-mypy={plugins / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={plugins / 'protoc-gen-mypy_grpc'}",
        f"--proto_path={ROOT}",
        f"--proto_path={files('grpc_tools') / '_proto'}",
        f"--python_out={target}",
        f"--grpc_python_out={target}",
        f"--mypy_out=quiet:{target}",
        f"--mypy_grpc_out=quiet:{target}",
        *sources,
    ]
    if (code := protoc.main(arguments)) != 0:
        raise SystemExit(f"protoc ended with {code}")
    for folder in (target / "portero", target / "portero" / "v1"):
        (folder / "__init__.py").write_text(PACKAGE_DOC, encoding="utf-8")
        (folder / "py.typed").touch()


def differences(left: Path, right: Path) -> list[str]:
    """Names the files that are not the same on both sides."""
    names = {
        str(path.relative_to(side))
        for side in (left, right)
        for path in side.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return sorted(
        name
        for name in names
        if not (left / name).is_file()
        or not (right / name).is_file()
        or not filecmp.cmp(left / name, right / name, shallow=False)
    )


def main() -> int:
    """Generates, or checks; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    check = parser.parse_args().check
    if not check:
        GENERATED.mkdir(exist_ok=True)
        generate(GENERATED)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(fresh)
        drifted = differences(fresh, GENERATED)
    for name in drifted:
        sys.stderr.write(f"generated code drifted: {name}; run `make protos` and commit the result\n")
    return 1 if drifted else 0


if __name__ == "__main__":
    raise SystemExit(main())
