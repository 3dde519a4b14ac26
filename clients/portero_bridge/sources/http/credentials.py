"""User names and passwords: where they come from, and how a camera asks for them."""

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import httpx2

from portero_bridge.errors import SettingsError, SourceFault

UNAUTHORIZED = 401
_LONGEST_PASSWORD = 1024
# The hashes that `httpx2.DigestAuth` knows.
_ALGORITHM = re.compile(r"(?:MD5|SHA|SHA-256|SHA-512)(?:-SESS)?", re.IGNORECASE)
_SCHEME = re.compile(r"(?:^|,)\s*(?=(?:basic|digest|bearer|negotiate|ntlm)(?:\s|,|$))", re.IGNORECASE)
_PARAMETER = r"(?:^|[,\s]){name}\s*=\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>[^,\s]*))"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password, as they are."""

    username: str
    password: str = field(repr=False)


class KnownCredentials:
    """User name and password of a camera, by its address and its settings.

    Args:
        given: Those of the address, if it has any.
        username: That of the settings, if the address has none.
        password_file: File that holds the password, if the address holds none.

    Raises:
        SettingsError: The address and the settings say the same thing.
    """

    def __init__(self, given: Credentials | None, username: str | None, password_file: Path | None) -> None:
        if given is not None and username is not None:
            raise SettingsError("the address holds a user name, and so does username: give one of them")
        if given is not None and given.password and password_file is not None:
            raise SettingsError("the address holds a password, and password_file names one: give one of them")
        self._given = given if username is None else Credentials(username, "")
        self._password_file = password_file

    def current(self) -> Credentials | None:
        """Returns the credentials, with what the file holds now, or None where nobody is named.

        Raises:
            SourceFault: The file cannot be read.
        """
        given, file = self._given, self._password_file
        if given is None or file is None:
            return given
        try:
            with file.open(encoding="utf-8") as opened:
                return Credentials(given.username, opened.read(_LONGEST_PASSWORD).rstrip("\r\n"))
        except (OSError, UnicodeDecodeError) as error:
            raise SourceFault(f"password_file {file} cannot be read") from error


def split_credentials(address: str) -> tuple[str, Credentials | None]:
    """Takes user name and password out of a URL.

    They may be percent-encoded, as the standard has it, or written as they are: with `@`, `#`, `?`, `/` and `%` in
    them.

    Returns:
        The URL without them, and the credentials if it has any.
    """
    scheme, separator, rest = address.partition("://")
    # Addresses of cameras have no fragment, but passwords have its sign.
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    place = authority.rpartition("@")[2]
    if "@" in rest and ("@" not in authority or not _is_place(place)) and not _is_place(authority):
        # A character that ends an authority stands in the password: the host is behind the last "@" that a host
        # can follow.
        for sign in reversed(list(re.finditer("@", rest))):
            place = re.split(r"[/?#]", rest[sign.end() :], maxsplit=1)[0]
            if _is_place(place):
                authority = rest[: sign.end()] + place
                break
    if "@" not in authority:
        return address, None
    userinfo = authority.rpartition("@")[0]
    username, _, password = userinfo.partition(":")
    return f"{scheme}{separator}{rest[len(userinfo) + 1 :]}", Credentials(_decoded(username), _decoded(password))


def _is_place(text: str) -> bool:
    return re.fullmatch(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s:@/?#\[\]]+)(?::\d{1,5})?", text) is not None


def _decoded(text: str) -> str:
    """Decodes percent signs, unless they stand for themselves."""
    return text if re.search(r"%(?![0-9A-Fa-f]{2})", text) else unquote(text)


class AskedAuth:
    """Answers what a camera's 401 asks for, Digest before Basic, and remembers it for the next request.

    Nothing is sent before a camera asks: what it then gets of a Digest is of use to nobody who listens.

    Args:
        credentials: What to answer with; None: nothing.
    """

    def __init__(self, credentials: Credentials | None) -> None:
        self._credentials = credentials
        self._scheme: httpx2.Auth | None = None
        self.asked = ""
        """What the camera asked for last: "Digest", "Basic" or nothing."""

    def flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Yields requests to send, and is sent their answers, until the last is to be used.

        Raises:
            SourceFault: The camera asks for something else, or refuses the credentials.
        """
        scheme = self._scheme
        try:
            flow = scheme.sync_auth_flow(request) if scheme else None
            response = yield (next(flow) if flow else request)
            if response.status_code != UNAUTHORIZED:
                return
            self._scheme = None
            if self._credentials is None:
                raise SourceFault("the camera asks for a password (HTTP status 401): set username and password_file")
            if not isinstance(scheme, httpx2.BasicAuth):
                challenge = self._choose(challenges_of(response.headers.get_list("www-authenticate")))
                fields = [(b"www-authenticate", challenge.encode())]
                asked = httpx2.Response(UNAUTHORIZED, headers=fields, request=request)
                scheme = self._answer(challenge, scheme)
                flow = scheme.sync_auth_flow(request)
                again = next(flow)
                response = yield (flow.send(asked) if isinstance(scheme, httpx2.DigestAuth) else again)
        except (httpx2.HTTPError, ValueError, StopIteration) as error:
            raise SourceFault(
                f"the camera asks for a password in a way that is not understood ({type(error).__name__})"
            ) from error
        if response.status_code == UNAUTHORIZED:
            raise SourceFault("the camera refuses the user name or the password (HTTP status 401)", is_refusal=True)
        self._scheme = scheme

    def _choose(self, challenges: list[str]) -> str:
        """Returns the challenge to answer."""
        digests = [challenge for challenge in challenges if _is_known_digest(challenge)]
        names = sorted({challenge.split()[0].lower() for challenge in challenges})
        if digests:
            self.asked = "Digest"
            return digests[0]
        # Some cameras say 401 and not what they want; all of them mean Basic.
        if not names or "basic" in names:
            self.asked = "Basic"
            return "Basic"
        raise SourceFault(f"the camera asks for a password by {', '.join(names)} in a form that is not spoken")

    def _answer(self, challenge: str, before: httpx2.Auth | None) -> httpx2.Auth:
        known = self._credentials or Credentials("", "")
        if challenge == "Basic":
            return httpx2.BasicAuth(known.username, known.password)
        # Its next request counts on from its last.
        return before if isinstance(before, httpx2.DigestAuth) else httpx2.DigestAuth(known.username, known.password)


def challenges_of(values: list[str]) -> list[str]:
    """Returns each challenge of the WWW-Authenticate fields; one field may hold several."""
    parts = (part.strip(" ,\t") for value in values for part in _SCHEME.split(value))
    return [part for part in parts if part]


def _is_known_digest(challenge: str) -> bool:
    if not challenge.lower().startswith("digest "):
        return False
    algorithm, qop = _parameter(challenge, "algorithm"), _parameter(challenge, "qop")
    is_known = not algorithm or _ALGORITHM.fullmatch(algorithm) is not None
    return is_known and (not qop or "auth" in re.split(r"[,\s]+", qop))


def _parameter(challenge: str, name: str) -> str:
    found = re.search(_PARAMETER.format(name=name), challenge, re.IGNORECASE)
    return (found["quoted"] or found["bare"] or "").strip() if found else ""
