"""A program that was made for CompreFace, before a console that offers its calls."""

from __future__ import annotations

from typing import Any

from tests.support.console.browser import KEY, Browser


class Program:
    """Sends what CompreFace's own clients send."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    async def ask(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        """Makes a call below /api/v1; returns its status and document."""
        headers = {"x-api-key": KEY, **given.pop("headers", {})}
        answer = await self.browser.http.request(method, f"/api/v1{path}", headers=headers, **given)
        return answer.status_code, answer.json()

    async def teach(self, subject: str, photo: bytes) -> str:
        """Adds an example that must be taken; returns its id."""
        params, files = {"subject": subject}, {"file": ("a.jpg", photo)}
        status, document = await self.ask("POST", "/recognition/faces", params=params, files=files)
        assert (status, document["subject"]) == (201, subject), document
        return str(document["image_id"])
