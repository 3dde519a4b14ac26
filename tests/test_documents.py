"""The pages say what is there: links, paths, settings and metrics that they name exist."""

from __future__ import annotations

import re
import tomllib

from portero_server import __version__
from portero_server.settings import PREFIX, Settings
from tests.support.repository import ROOT

PAGES = (
    "README.md",
    "SECURITY.md",
    "server/README.md",
    "server/MIGRATE-STREAM-PROCESSOR.md",
    "server/PRIVACY.md",
    "server/SETTINGS.md",
    "server/TABLES.md",
    "server/ROLES.md",
    "server/CHANGELOG.md",
    "clients/README.md",
    "clients/CALLING.md",
    "clients/portero_client/examples/README.md",
    "infra/README.md",
    "infra/ALERTS.md",
    "infra/debian.md",
)

_VARIABLE = rf"\b{PREFIX}[A-Z_]*[A-Z]\b(?!_)"
_EXAMPLES = frozenset({"portero_drains", "portero_drains_total"})
"""The metric that server/README.md has a newcomer add."""


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _files() -> list[str]:
    """Returns the Python files of the repository, each beginning with `/`."""
    folders = ("server", "clients", "infra", "protos", "tests")
    return [f"/{path.relative_to(ROOT)}" for folder in folders for path in (ROOT / folder).rglob("*.py")]


def anchor(heading: str) -> str:
    """Returns the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_links_lead_somewhere() -> None:
    """Every relative link names a file, and a heading that the file has."""
    broken = []
    for page in PAGES:
        prose = re.sub(r"```.*?```", "", _text(page), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", prose):
            if link.startswith(("https://", "http://")):
                continue
            path, _, heading = link.partition("#")
            target = (ROOT / page).parent / path if path else ROOT / page
            # Only a page is read: pictures have no headings.
            text = target.read_text(encoding="utf-8") if heading and target.is_file() else ""
            headings = re.findall(r"(?m)^#+ (.+)$", text)
            if not target.exists() or (heading and heading not in map(anchor, headings)):
                broken.append(f"{page}: {link}")
    assert broken == []


def test_files_that_are_named_exist() -> None:
    """A Python file or folder in backticks is one of the repository's, by the end of its path."""
    files = _files()
    unknown = [
        f"{page}: {name}"
        for page in PAGES
        for name in re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:/|\.py))`", _text(page))
        if not any(f"/{name}" in path for path in files) and name != "photos/"
    ]
    assert unknown == []


def test_settings_that_are_named_exist() -> None:
    """A PORTERO_ variable in a page is a setting of the server or of its clients."""
    clients = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "clients").rglob("*.py"))
    pages = _text("clients/portero_console/SETTINGS.md")
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | set(re.findall(_VARIABLE, clients + pages))
    unknown = [f"{page}: {name}" for page in PAGES for name in re.findall(_VARIABLE, _text(page)) if name not in known]
    assert unknown == []


def test_metrics_that_are_named_exist() -> None:
    """A metric in a page is declared by the server or the bridge."""
    declared = set(
        re.findall(r"(?m)^\| `(portero_\w+)`", _text("server/METRICS.md") + _text("clients/portero_bridge/METRICS.md"))
    )
    packages = {path.parent.name for path in ROOT.glob("*/portero_*/__init__.py")}
    unknown = [
        f"{page}: {name}"
        for page in PAGES
        for name in re.findall(r"`(portero_[a-z_]+[a-z])\b(?:\{[^}`]*\})?`", _text(page))
        if name not in declared | packages | _EXAMPLES
    ]
    assert unknown == []


def test_the_newest_release_is_the_version_of_the_package() -> None:
    """The first section of the changelog that has a number, the package and the server name one version."""
    released = re.findall(r"(?m)^## (\d+\.\d+\.\d+)$", _text("server/CHANGELOG.md"))
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    assert (released[0], version) == (__version__, __version__)
    assert released == sorted(released, key=lambda each: [int(part) for part in each.split(".")], reverse=True)
