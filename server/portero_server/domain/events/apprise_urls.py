"""Decides which Apprise URLs messages to people may be sent to; the text of a URL is secret, and no error shows it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import SplitResult, parse_qsl, urlsplit

from portero_server.errors import InvalidInput

MOST_URLS = 10
"""Most URLs of one subscription."""
LANGUAGES = ("en", "es")
"""Languages in which people are told."""
_LONGEST_URL = 2048
_LONGEST_NAME = 12
_FIELD = "subscription.people.urls"


@dataclass(frozen=True, slots=True)
class AppriseSchema:
    """What is known of a schema.

    Attributes:
        encrypted: Whether what is sent cannot be read on its way; else it is sent to networks of the site only.
        hosted: Whether its URL names a host; else a service on the internet has it.
    """

    encrypted: bool = True
    hosted: bool = False


KNOWN_SCHEMAS: Mapping[str, AppriseSchema] = MappingProxyType(
    {
        "discord": AppriseSchema(),
        "gchat": AppriseSchema(),
        "json": AppriseSchema(encrypted=False, hosted=True),
        "jsons": AppriseSchema(hosted=True),
        "mailto": AppriseSchema(encrypted=False, hosted=True),
        "mailtos": AppriseSchema(hosted=True),
        "matrixs": AppriseSchema(hosted=True),
        "mmosts": AppriseSchema(hosted=True),
        "ntfys": AppriseSchema(hosted=True),
        "pover": AppriseSchema(),
        "rockets": AppriseSchema(hosted=True),
        "slack": AppriseSchema(),
        "tgram": AppriseSchema(),
        "twilio": AppriseSchema(),
        "workflows": AppriseSchema(),
    }
)
"""Schemas that may be allowed. All others are not: some of Apprise's run programs, or write to this machine."""

_PARAMETERS = frozenset({"from", "name", "to", "cc", "bcc", "reply", "smtp", "user", "pass", "topic", "thread"})
"""Parameters that a URL may have. Others of Apprise read local files, or turn the check of certificates off."""


@dataclass(frozen=True, slots=True)
class AppriseUrl:
    """A checked URL, and the part of it that is no secret."""

    url: str
    schema: str

    @property
    def encrypted(self) -> bool:
        """Whether it may be sent to over the internet."""
        return KNOWN_SCHEMAS[self.schema].encrypted

    @property
    def hosts(self) -> tuple[str, ...]:
        """Hosts that the URL names, as they are written in it."""
        if not KNOWN_SCHEMAS[self.schema].hosted:
            return ()
        parts = urlsplit(self.url)
        servers = (value for name, value in parse_qsl(parts.query) if name.lower() == "smtp")
        return tuple(host for host in (parts.hostname or "", *servers) if host)


def checked_urls(urls: Sequence[str], allowed: Collection[str], *, plaintext: bool) -> tuple[AppriseUrl, ...]:
    """Returns the URLs of a subscription, checked; which addresses they may lead to is checked elsewhere.

    Args:
        urls: As given.
        allowed: Schemas that the settings allow.
        plaintext: Whether schemas without encryption may be, since networks of the site may be reached.

    Raises:
        InvalidInput: There is none, there are too many, or one cannot be used; the message names it by its number.
    """
    if not 1 <= len(urls) <= MOST_URLS:
        raise InvalidInput(_FIELD, f"{_FIELD} must have 1 to {MOST_URLS} entries")
    found = tuple(_checked(url, number, allowed) for number, url in enumerate(urls))
    for number, each in enumerate(found):
        if not each.encrypted and not plaintext:
            raise InvalidInput(
                _FIELD,
                f"{_FIELD}[{number}] is of {each.schema}, which does not encrypt: the server must set "
                "PORTERO_WEBHOOK_NETWORKS for it",
                reason="SCHEMA_REFUSED",
            )
    return found


def checked_language(asked: str) -> str:
    """Returns the language of messages; empty means English.

    Raises:
        InvalidInput: There are no messages in it.
    """
    if asked and asked not in LANGUAGES:
        path = "subscription.people.language"
        raise InvalidInput(path, f"{path} must be one of {', '.join(LANGUAGES)}")
    return asked or LANGUAGES[0]


def _checked(url: str, number: int, allowed: Collection[str]) -> AppriseUrl:
    where = f"{_FIELD}[{number}]"
    if not url.isprintable() or " " in url or len(url) > _LONGEST_URL or "://" not in url:
        raise InvalidInput(_FIELD, f"{where} must be SCHEMA://… of at most {_LONGEST_URL} characters without spaces")
    schema = url.partition("://")[0].lower()
    if schema not in KNOWN_SCHEMAS or schema not in allowed:
        # What stands before :// may be anything, a secret too.
        name = f" ({schema})" if schema.isascii() and schema.isalnum() and len(schema) <= _LONGEST_NAME else ""
        raise InvalidInput(
            _FIELD,
            f"{where} has a schema{name} to which nothing is sent; PORTERO_PEOPLE_SCHEMAS allows "
            + (", ".join(sorted(allowed)) or "none"),
            reason="SCHEMA_REFUSED",
        )
    parts = _parts(url, where, schema)
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if name.lower() not in _PARAMETERS:
            raise InvalidInput(_FIELD, f"{where} may have no parameters but {', '.join(sorted(_PARAMETERS))}")
    return AppriseUrl(url, schema)


def _parts(url: str, where: str, schema: str) -> SplitResult:
    """Returns the parts of a URL. Raises InvalidInput if a schema with hosts names none."""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and (parts.port or 1) > 0 if KNOWN_SCHEMAS[schema].hosted else bool(parts.netloc)
    except ValueError:
        # None of ours: a name of two colons is no host.
        named, parts = False, SplitResult(schema, "", "", "", "")
    if not named or parts.fragment:
        raise InvalidInput(_FIELD, f"{where} must be a whole {schema}:// URL without a fragment")
    return parts
