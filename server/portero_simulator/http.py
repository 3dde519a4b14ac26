"""The HTTP side: routes, limits, and aborted connections."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from pydantic import ValidationError

from portero_server.clock import Clock
from portero_simulator.control import finish_liveness, reset, state, turn_faults
from portero_simulator.endpoint import ConnectionCut, Endpoint, Request
from portero_simulator.problems import ApiProblem

_MOST_BYTES = 16 * 1024 * 1024
"""Two images of 5 MiB in base64, and what goes around them."""
_LOG_LINES = 100


def create_app(endpoint: Endpoint, clock: Clock) -> web.Application:
    """Creates the application: the API at /, the controls under /_simulator."""

    async def answer(request: web.Request) -> web.Response:
        asked = Request(
            request.headers.get("X-Amz-Target", ""), request.headers.get("Authorization"), await request.read()
        )
        try:
            given = await endpoint.answer(asked)
        except ConnectionCut:
            if request.transport is not None:
                # Not closed but aborted: the client sees a reset, as when a machine behind a balancer dies.
                request.transport.abort()
            return web.Response(status=503)
        headers = {"x-amzn-RequestId": str(uuid.uuid4()), "Content-Type": endpoint.content_type}
        return web.Response(status=given.status, body=given.body, headers=headers)

    async def get_state(request: web.Request) -> web.Response:
        lines = request.query.get("log", str(_LOG_LINES))
        if not lines.isdigit():
            raise web.HTTPBadRequest(text="log must be a number of calls\n")
        return web.json_response(state(endpoint, clock.monotonic(), int(lines)))

    async def post_faults(request: web.Request) -> web.Response:
        try:
            turn_faults(endpoint, clock.monotonic(), await request.read())
        except ValidationError as error:
            raise _bad_request(error) from None
        return web.json_response(state(endpoint, clock.monotonic(), 0))

    async def post_reset(request: web.Request) -> web.Response:
        try:
            await reset(endpoint, clock.monotonic(), await request.read())
        except ValidationError as error:
            raise _bad_request(error) from None
        return web.json_response(state(endpoint, clock.monotonic(), 0))

    async def post_liveness(request: web.Request) -> web.Response:
        try:
            finish_liveness(endpoint, clock.monotonic(), await request.read())
        except ValidationError as error:
            raise _bad_request(error) from None
        except ApiProblem as problem:
            raise web.HTTPBadRequest(text=f"{problem.message}\n") from None
        return web.json_response({})

    app = web.Application(client_max_size=_MOST_BYTES)
    app.router.add_post("/", answer)
    app.router.add_get("/_simulator/state", get_state)
    app.router.add_post("/_simulator/faults", post_faults)
    app.router.add_post("/_simulator/liveness", post_liveness)
    app.router.add_post("/_simulator/reset", post_reset)
    return app


@asynccontextmanager
async def serving(endpoint: Endpoint, clock: Clock, host: str, port: int) -> AsyncIterator[str]:
    """Serves while the context is open. Yields the address, http://HOST:PORT; port 0 picks a free one.

    Raises:
        OSError: The port is taken.
    """
    runner = web.AppRunner(create_app(endpoint, clock), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0]
        yield f"http://{bound[0]}:{bound[1]}"
    finally:
        await runner.cleanup()


def _bad_request(error: ValidationError) -> web.HTTPBadRequest:
    problems = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'body'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    )
    return web.HTTPBadRequest(text=f"{problems}\n")
