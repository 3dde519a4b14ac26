"""What every answer says to the browser, and which requests are turned away before anything looks at them."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portero_console.problems import MEDIA_TYPE, Problem
from portero_console.security.bodies import bounded, most_of, plain_body
from portero_console.security.origins import host_of, is_forged, is_our_name
from portero_console.security.uploads import image_type, photo_body, takes_photo
from portero_console.settings import ConsoleSettings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # Previews of photos that the page itself holds.
        "img-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not "no-referrer": without TLS, browsers then say of a form that it comes from the origin "null".
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_YEAR = 31_536_000


class Shield:
    """An ASGI application around another: checks Host and Origin, bounds bodies, and adds headers to each answer."""

    def __init__(self, app: ASGIApp, settings: ConsoleSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
                if scope["scheme"] == "https":
                    headers["strict-transport-security"] = f"max-age={_YEAR}"
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            answer = JSONResponse(
                refusal.content, refusal.document.status, headers=refusal.headers, media_type=MEDIA_TYPE
            )
            await answer(scope, receive, protected)
            return
        path, settings = scope["path"], self._settings
        if takes_photo(path) and image_type(Headers(scope=scope)) is not None:
            limit = photo_body(settings)
        else:
            limit = plain_body(most_of(path, settings.max_upload), settings.upload_timeout)
        await self._app(scope, bounded(receive, limit), protected)

    def _refusal(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not is_our_name(host, self._settings.host, self._settings.host_names):
            return Problem(
                HTTPStatus.MISDIRECTED_REQUEST,
                "UNKNOWN_HOST",
                f"the console is not called {host_of(host)[:80]!r}; PORTERO_CONSOLE_HOSTS lists its names",
            )
        if is_forged(scope["method"], scope["path"], headers, f"{scope['scheme']}://{host}"):
            return Problem(
                HTTPStatus.FORBIDDEN, "FOREIGN_ORIGIN", "a page of another site asked for this, and may not change it"
            )
        return None
