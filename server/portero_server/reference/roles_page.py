"""Writes server/ROLES.md from the access table; with --check, fails when the committed page differs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from portero_server.domain.access.identities import Role
from portero_server.reference.committed_page import keep
from portero_server.rpc.auth.policy import ACCESS, Access, NotOfCameras, OfAttendance, Unscoped

PAGE = Path(__file__).resolve().parents[2] / "ROLES.md"
_CONTRACT = PAGE.parents[1] / "protos" / "portero" / "v1"

PURPOSE: Mapping[Role, str] = {
    Role.ADMIN: "whoever runs the installation: everything, keys and the audit trail included",
    Role.OPERATOR: "whoever keeps people and cameras: changes both, erases and exports people, sees costs; no keys and "
    "no audit trail",
    Role.CHECK_IN_DESK: "the program at the desk: enrolls, searches and compares the person before it, records "
    "consent, sees sightings; checks guests in and keeps the list of expected ones; changes and removes nobody of the "
    "gallery",
    Role.READER: "a screen or a report: reads people, cameras and sightings",
    Role.BRIDGE: "the process beside cameras: streams their frames and gets what comes of them; registers nothing",
    Role.TEACHER: "who teaches: reads and corrects the attendance of the groups that the key names (`--group`)",
    Role.GUARDIAN: "a parent: reads the attendance of the people whom the key names (`--person`), and of nobody else",
    Role.METRICS: "the collector: scrapes `/metrics`",
}
"""What each role is for, in the order of the columns."""

_OTHERS = {
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": "Lists the services and their messages.",
    "/metrics": "The page of metrics, from other machines; on this one everybody may read it.",
}
_INTRODUCTION = """# What each role may do

Generated from the access table (`rpc/auth/policy.py`), which decides it, by `make reference`; not edited. A key has
one or more roles (`portero keys create NAME --role ROLE`), a token has those that `PORTERO_OIDC_ROLES` grants, and the
certificate of a bridge has the role bridge for the cameras of `PORTERO_BRIDGES`. Teachers and guardians have keys,
and neither tokens nor certificates. What a caller may not do is refused with PERMISSION_DENIED and recorded in the
audit trail. `portero doctor` says which roles your own credential has. Health checks need none."""
_SCOPES = """A key may be limited to cameras and sites (`--camera`, `--site`). The column *limited to cameras* says what
that does to a call: **own** — only its cameras are found, listed or changed; **no** — the call concerns no camera, all
sites share one gallery; **refused** — only for credentials without limits, since the call takes effect everywhere.
Attendance is refused to other roles that are limited to cameras, and shows a teacher and a guardian **own** groups and
people alone: whatever is outside of them reads like what does not exist."""


def page() -> str:
    """Returns the reference page, Markdown.

    Raises:
        KeyError: A role has no line in `PURPOSE`, or a method no comment in the contract.
    """
    if missing := set(Role) - set(PURPOSE):
        raise KeyError(missing)
    roles = "\n".join(
        ["| role | who has it |", "|---|---|", *(f"| `{role.value}` | {PURPOSE[role]} |" for role in PURPOSE)]
    )
    heads = [f"| call | what it does | {' | '.join(role.value for role in PURPOSE)} | limited to cameras |"]
    heads.append("|---|---|" + ":-:|" * len(PURPOSE) + "---|")
    told = _told()
    calls = "\n".join([*heads, *(_row(method, access, told[method]) for method, access in ACCESS.items())])
    return "\n\n".join([_INTRODUCTION, roles, "## Call by call", _SCOPES, calls]) + "\n"


def _row(method: str, access: Access, words: str) -> str:
    marks = " | ".join("yes" if role in access.roles else "" for role in PURPOSE)
    return f"| `{method.removeprefix('portero.v1.')}` | {words} | {marks} | {_scope(access)} |"


def _scope(access: Access) -> str:
    if isinstance(access.cameras, Unscoped | OfAttendance):
        return "refused"
    return "no" if isinstance(access.cameras, NotOfCameras) else "own"


def _told() -> dict[str, str]:
    """Returns the first sentence of each method's comment, by "package.Service/Method"."""
    found = dict(_OTHERS)
    for path in sorted(_CONTRACT.glob("*_service.proto")):
        found.update(_methods(path.read_text(encoding="utf-8")))
    return found


def _methods(contract: str) -> Iterator[tuple[str, str]]:
    service, comment = "", []
    for line in map(str.strip, contract.splitlines()):
        if line.startswith("//"):
            comment.append(line.removeprefix("//").strip())
            continue
        if begun := re.match(r"service (\w+)", line):
            service = begun[1]
        elif method := re.match(r"rpc (\w+)", line):
            words = " ".join(comment)
            sentence = re.match(r".*?\.(?=\s|$)", words)
            yield f"portero.v1.{service}/{method[1]}", (sentence[0] if sentence else words).replace("|", "\\|")
        comment = []


if __name__ == "__main__":
    raise SystemExit(keep(PAGE, page(), str(__doc__)))
