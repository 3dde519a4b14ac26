"""Forms that work without a script: a few short fields in the body of a request."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import Request

from portero_console.problems import Problem


async def read_form(request: Request) -> dict[str, str]:
    """Returns the fields of a form; of one that comes twice, the last.

    Raises:
        Problem: It is no form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "NOT_A_FORM", "the body must be a form")
    try:
        return dict(parse_qsl((await request.body()).decode("ascii"), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        raise Problem(HTTPStatus.BAD_REQUEST, "MALFORMED_FORM", "the form cannot be read") from None


def local_path(wanted: str) -> str:
    """Returns a path on this console to go on at: the wanted one, or "/" where it would lead elsewhere."""
    harmless = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if harmless and "\\" not in wanted and len(wanted) <= 500 else "/"
