"""Removes passwords from texts that people may see; the only place that does."""

import re

# Credentials end at the last "@", because a password may itself hold an "@". The second branch is for
# passwords with a "/" that nobody escaped: rather a path hidden too much than a password shown.
_CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*:/+)(?:[^\s/?#:@]*:\S*|[^\s/?#]*)@")
# Cameras that know no headers take the secret as a query argument.
_SECRET_ARGUMENT = re.compile(
    r"(?P<name>[?&](?:[^=&\s]*(?:pass|pwd|token|secret|auth|key|sig)[^=&\s]*|user(?:name)?|usr))=[^&\s#]*",
    re.IGNORECASE,
)


def redact_url(text: str) -> str:
    """Replaces user names, passwords and secret-looking query values of every URL in a text by `***`.

    Args:
        text: A URL, or prose that may hold some.
    """
    return _SECRET_ARGUMENT.sub(r"\g<name>=***", _CREDENTIALS.sub(r"\g<scheme>***@", text))


def redact_address(address: str) -> str:
    """Replaces everything before the last "@" of a text that should be a URL but may be mistyped."""
    redacted = redact_url(address)
    before, at, place = redacted.rpartition("@")
    return redacted if not at or before.endswith("/***") else f"***@{place}"
