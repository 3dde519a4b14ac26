"""Which PORTERO_… variables there are, and the nearest name where there is none of that name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

PREFIX = "PORTERO_"

CLIENT_VARIABLES = (
    "PORTERO_SERVER",
    "PORTERO_TLS",
    "PORTERO_CA_FILE",
    "PORTERO_CLIENT_CERTIFICATE",
    "PORTERO_CLIENT_KEY",
    "PORTERO_SERVER_NAME",
    "PORTERO_TOKEN",
    "PORTERO_TOKEN_FILE",
    "PORTERO_DEBUG",
)
"""What clients read. One shell often starts both, so these are not mistakes here."""

_PROXY_VARIABLES = ("PORTERO_BIND", "PORTERO_CERTIFICATE")
"""What the configuration for HAProxy (infra/haproxy) reads."""

_CONSOLE = f"{PREFIX}CONSOLE_"
"""What the console reads, which checks the names itself."""

_TESTS = f"{PREFIX}TEST_"
# A Service named portero, or portero-anything, makes Kubernetes set such variables in every pod of its namespace.
_SERVICE_LINK = re.compile(
    r"PORTERO_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)


def unknown_variables(environment: Iterable[str], fields: Iterable[str]) -> Iterator[str]:
    """Yields a sentence for each PORTERO_… variable that nothing reads, with the nearest name that there is.

    Args:
        environment: Names of the variables that are set.
        fields: Names of the settings, as `listen`.
    """
    settings = [f"{PREFIX}{field.upper()}" for field in fields]
    known = {*settings, *CLIENT_VARIABLES, *_PROXY_VARIABLES}
    for name in sorted(environment):
        # Settings are read whatever the case of their names.
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper in known or upper.startswith((_TESTS, _CONSOLE)):
            continue
        if _SERVICE_LINK.fullmatch(upper):
            continue
        # Without the prefix, which would make all of them alike.
        others = [word.removeprefix(PREFIX) for word in (*settings, *CLIENT_VARIABLES)]
        nearest = difflib.get_close_matches(upper.removeprefix(PREFIX), others, n=1)
        yield f"{name} is not a setting" + (f" (did you mean {PREFIX}{nearest[0]}?)" if nearest else "")
