"""Checks Python, and the packages of each role as listed in the project's own metadata."""

from __future__ import annotations

import importlib
import operator
import platform
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata

from portero_cli.checks.finding import Finding

_LEAST_PYTHON = (3, 11)
_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)")
_EXTRA = re.compile(r"""extra\s*==\s*['"](?P<extra>[^'"]+)['"]""")
# Compiled libraries that may be installed and still not load, by the distribution that brings them.
_COMPILED = {"opencv-python-headless": "cv2", "dlib-bin": "dlib", "onnxruntime": "onnxruntime", "numpy": "numpy"}
# What a marker may ask of the machine besides the extra; its clauses are all joined by "and".
_CLAUSE = re.compile(
    r"""(?P<what>sys_platform|platform_machine|python_version)\s*(?P<how>==|!=|<|>=)\s*['"](?P<value>[^'"]+)['"]"""
)
_COMPARE = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, ">=": operator.ge}
BASE = ""


@dataclass(frozen=True, slots=True)
class Package:
    """A package that a role needs: its name, and its version or None when it is not installed."""

    name: str
    version: str | None


def installed_version(name: str) -> str | None:
    """Returns the version of an installed package, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def packages_by_extra(
    requirements: Iterable[str], version_of: Callable[[str], str | None] = installed_version
) -> dict[str, list[Package]]:
    """Sorts requirements such as "numpy>=2; extra == 'server'" by extra; those of none are under BASE.

    Args:
        requirements: As a package's metadata lists them.
        version_of: Returns the installed version of a package, or None.
    """
    found: dict[str, list[Package]] = {BASE: []}
    for requirement in requirements:
        text, _, marker = requirement.partition(";")
        name = _REQUIREMENT.match(text)
        if name is None or not _applies(marker):
            continue
        extra = _EXTRA.search(marker)
        found.setdefault(extra["extra"] if extra else BASE, []).append(Package(name["name"], version_of(name["name"])))
    return found


def _applies(marker: str) -> bool:
    """Returns whether a requirement is one of this machine's, whatever its extra."""
    here = {"sys_platform": sys.platform, "platform_machine": platform.machine()}
    for clause in _CLAUSE.finditer(marker):
        compare, what, value = _COMPARE[clause["how"]], clause["what"], clause["value"]
        if what == "python_version":
            fits = compare(sys.version_info[:2], tuple(int(part) for part in value.split(".")))
        else:
            fits = compare(here[what], value)
        if not fits:
            return False
    return True


def check_python() -> Finding:
    """Checks the version of the interpreter."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    least = ".".join(str(part) for part in _LEAST_PYTHON)
    ok = sys.version_info[:2] >= _LEAST_PYTHON
    return Finding("python", ok, True, version, "" if ok else f"install Python {least} or later")


def check_extras(extras: dict[str, list[Package]], needed: frozenset[str]) -> list[Finding]:
    """Returns for each role what is installed and missing; only `needed` roles and the base must be complete."""
    findings = []
    for extra, packages in extras.items():
        missing = [package.name for package in packages if package.version is None]
        there = ", ".join(f"{package.name} {package.version}" for package in packages if package.version)
        target = f"portero[{extra}]" if extra else "portero"
        findings.append(
            Finding(
                f"packages for {extra or 'the client'}",
                not missing,
                extra == BASE or extra in needed,
                f"missing: {', '.join(missing)}" if missing else there,
                f"pip install '{target}'" if missing else "",
            )
        )
    return findings


def check_compiled(
    extras: dict[str, list[Package]], load: Callable[[str], object] = importlib.import_module
) -> list[Finding]:
    """Loads the installed compiled libraries: each must work, needed or not."""
    installed = {package.name for packages in extras.values() for package in packages if package.version}
    findings = []
    for name, module in _COMPILED.items():
        if name not in installed:
            continue
        try:
            load(module)
        except (ImportError, OSError) as error:
            reason = " ".join(str(error).split())
            findings.append(Finding(f"library {module}", False, True, f"does not load: {reason}", f"reinstall {name}"))
        else:
            findings.append(Finding(f"library {module}", True, True, "loads"))
    return findings
