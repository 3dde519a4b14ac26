"""Checks the version of Python, and the packages that each role needs according to the project's own metadata."""

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

BASE = ""
"""The key of requirements that belong to no extra: every role needs them."""
_LEAST_PYTHON = (3, 11)
_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)")
_EXTRA = re.compile(r"""extra\s*==\s*['"](?P<extra>[^'"]+)['"]""")
# Modules by distribution. They may be installed and still fail to load, as their compiled parts need other libraries.
_COMPILED = {"opencv-python-headless": "cv2", "dlib-bin": "dlib", "onnxruntime": "onnxruntime", "numpy": "numpy"}
# One condition of an environment marker about the machine; all conditions of a marker are joined by "and". The full
# grammar would take the package `packaging`, which clients do not need otherwise.
_CLAUSE = re.compile(
    r"""(?P<variable>sys_platform|platform_machine|python_version)\s*(?P<operator>==|!=|<|>=)\s*['"](?P<value>[^'"]+)['"]"""
)
_OPERATORS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, ">=": operator.ge}


@dataclass(frozen=True, slots=True)
class Package:
    """A package that a role needs.

    Attributes:
        name: Name of the distribution.
        version: The installed version; None if it is not installed.
    """

    name: str
    version: str | None


def installed_version(name: str) -> str | None:
    """Returns the installed version of a package; None if it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def packages_by_extra(
    requirements: Iterable[str], version_of: Callable[[str], str | None] = installed_version
) -> dict[str, list[Package]]:
    """Returns the packages that this machine needs, by extra; those that belong to no extra are under BASE.

    Args:
        requirements: As a distribution's metadata lists them, such as "numpy>=2; extra == 'server'".
        version_of: Returns the installed version of a package; None if it is not installed.
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
    """Returns whether the conditions of a marker hold on this machine; its extra is not looked at."""
    here = {"sys_platform": sys.platform, "platform_machine": platform.machine()}
    for clause in _CLAUSE.finditer(marker):
        compare, variable, value = _OPERATORS[clause["operator"]], clause["variable"], clause["value"]
        if variable == "python_version":
            fits = compare(sys.version_info[:2], tuple(int(part) for part in value.split(".")))
        else:
            fits = compare(here[variable], value)
        if not fits:
            return False
    return True


def check_python() -> Finding:
    """Checks that the interpreter is recent enough."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    least = ".".join(str(part) for part in _LEAST_PYTHON)
    ok = sys.version_info[:2] >= _LEAST_PYTHON
    return Finding("python", ok, True, version, "" if ok else f"install Python {least} or later")


def check_extras(extras: dict[str, list[Package]], needed: frozenset[str]) -> list[Finding]:
    """Returns one finding for each extra: what is missing, or the versions installed.

    Args:
        extras: Packages by extra.
        needed: Extras that must be complete on this machine; the base must be in any case.
    """
    findings = []
    for extra, packages in extras.items():
        missing = [package.name for package in packages if package.version is None]
        installed = ", ".join(f"{package.name} {package.version}" for package in packages if package.version)
        target = f"portero[{extra}]" if extra else "portero"
        findings.append(
            Finding(
                f"packages for {extra or 'the client'}",
                not missing,
                extra == BASE or extra in needed,
                f"missing: {', '.join(missing)}" if missing else installed,
                f"pip install '{target}'" if missing else "",
            )
        )
    return findings


def check_compiled(
    extras: dict[str, list[Package]], load: Callable[[str], object] = importlib.import_module
) -> list[Finding]:
    """Imports each compiled library that is installed: it must load, even where no role of this machine needs it."""
    installed = {package.name for packages in extras.values() for package in packages if package.version}
    findings = []
    for name, module in _COMPILED.items():
        if name not in installed:
            continue
        try:
            load(module)
        except Exception as error:  # noqa: BLE001 - a library built for another NumPy raises ValueError or AttributeError
            reason = " ".join(str(error).split())
            findings.append(Finding(f"library {module}", False, True, f"does not load: {reason}", f"reinstall {name}"))
        else:
            findings.append(Finding(f"library {module}", True, True, "loads"))
    return findings
