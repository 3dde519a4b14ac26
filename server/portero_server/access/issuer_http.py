"""Fetches an issuer's keys over HTTP: bounded in time and size, without redirects, over TLS except on loopback."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from portero_server.access.strict_json import strict_object
from portero_server.errors import Unavailable

_TIMEOUT = 5.0
_MOST = 256 * 1024
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class _Straight(urllib.request.HTTPRedirectHandler):
    """Follows no redirects: an issuer that redirects elsewhere is not the one that was configured."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuses the redirect, which makes the response an error."""


class IssuerHttp:
    """Fetches the keys of one issuer. The URL of the keys is discovered once."""

    def __init__(self, issuer: str) -> None:
        """Prepares for an `issuer`, a URL as in its tokens."""
        self._issuer = issuer
        self._keys_url: str | None = None
        self._opener = urllib.request.build_opener(_Straight)

    async def __call__(self) -> list[Any]:
        """Returns the members of the issuer's key set (RFC 7517), unchecked.

        Raises:
            Unavailable: It does not answer, or with something other than a key set.
        """
        # In a thread: the standard library's client waits, and no frame should wait with it.
        return await asyncio.to_thread(self._keys)

    def _keys(self) -> list[Any]:
        try:
            if self._keys_url is None:
                self._keys_url = self._discovered()
            keys = self._document(self._keys_url)["keys"]
        except (OSError, HTTPException, ValueError, KeyError, TypeError, RecursionError, urllib.error.URLError):
            self._keys_url = None
            raise Unavailable(
                "the issuer of tokens does not give its keys; try again", retry_after=30.0, reason="ISSUER_UNAVAILABLE"
            ) from None
        if not isinstance(keys, list):
            raise Unavailable("the issuer of tokens gives no keys", retry_after=30.0, reason="ISSUER_UNAVAILABLE")
        return keys

    def _discovered(self) -> str:
        found = self._document(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        url = found["jwks_uri"]
        if found["issuer"] != self._issuer or not isinstance(url, str):
            raise ValueError("the issuer calls itself something else")
        return url

    def _document(self, url: str) -> dict[str, Any]:
        if not sound_url(url):
            raise ValueError("neither https nor loopback")
        with self._opener.open(url, timeout=_TIMEOUT) as answer:
            body = answer.read(_MOST + 1)
        if len(body) > _MOST:
            raise ValueError("the answer is too large")
        return strict_object(body)


def sound_url(url: str) -> bool:
    """Whether keys may be fetched from a URL: over https, or over http from this machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )
