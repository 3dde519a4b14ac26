"""Removes passwords from texts that people may see; the only place that does."""

import re

# Credentials end at the last "@", because a password may itself hold an "@". The second branch is for
# passwords with a "/" that nobody escaped: rather a path hidden too much than a password shown.
_CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*:/+)(?:[^\s/?#:@]*:\S*|[^\s/?#]*)@")
# Cameras that know no headers take the secret as an argument, in the query or in the path (`user=x_password=y_ch=1`).
_TELLING_NAME = r"(?:[a-z0-9]*(?:pas|pwd|psw|token|secret|auth|key|sig)[a-z0-9]*|user(?:name)?|usr|loginuse)"
# In a query the short names too, which would be words of prose elsewhere.
_SHORT_NAME = r"(?<=[?&])(?:u|p|pw|login|account)"
_SECRET_ARGUMENT = re.compile(
    rf"(?P<name>(?<![A-Za-z0-9])(?:{_TELLING_NAME}|{_SHORT_NAME}))=[^\s&#]*?(?=[_;,][A-Za-z][A-Za-z0-9]*=|[&#\s]|$)",
    re.IGNORECASE,
)
# The path of a URL may name a user and a password without naming them such: `/0/admin:12345/main`, `/password/12345/`.
_PATH = re.compile(r"(?P<host>[A-Za-z][A-Za-z0-9+.-]*:/+[^\s/?#]+)(?P<path>/\S*)")
_SECRET_SEGMENT = re.compile(
    r"/[^\s/:?#]+:[^\s/?#]+(?=[/?#]|$)|(?P<named>/(?:password|passwd|pass|pwd|token)/)[^\s/?#]+", re.IGNORECASE
)


def redact_url(text: str) -> str:
    """Replaces user names, passwords and secret-looking parts of every URL in a text by `***`.

    Args:
        text: A URL, or prose that may hold some.
    """
    text = _SECRET_ARGUMENT.sub(r"\g<name>=***", _CREDENTIALS.sub(r"\g<scheme>***@", text))
    return _PATH.sub(lambda found: found["host"] + _without_secret_segments(found["path"]), text)


def redact_address(address: str) -> str:
    """Replaces everything before the last "@" of a text that should be a URL but may be mistyped."""
    redacted = redact_url(address)
    before, at, place = redacted.rpartition("@")
    return redacted if not at or before.endswith("/***") else f"***@{place}"


def _without_secret_segments(path: str) -> str:
    return _SECRET_SEGMENT.sub(lambda found: f"{found['named'] or '/'}***", path)
