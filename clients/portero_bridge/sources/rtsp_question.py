"""Asks an RTSP camera for the description of its stream: whether a decoder is worth a process, and why not."""

import asyncio
import socket
import ssl
from functools import cache

from portero_bridge.errors import SourceFault
from portero_bridge.sources.http.lookup import Lookup
from portero_bridge.sources.rtsp_address import RtspAddress
from portero_bridge.sources.rtsp_answers import (
    UNAUTHORIZED,
    RtspAnswer,
    authorization,
    is_final,
    is_whole,
    read_answer,
    why,
)

_MAX_ANSWER = 64 * 1024
_LOOKUP = Lookup()


async def ask_camera(address: RtspAddress, transport: str, timeout: float) -> str:
    """Asks a camera whether it has video at an address.

    Args:
        address: The camera's.
        transport: How the pictures are to come: tcp or udp.
        timeout: Seconds that each step may take.

    Returns:
        Why a decoder that tries all the same gets no picture, in one line without address and password.

    Raises:
        SourceFault: No decoder would get one.
    """
    port = f"port {address.port}"
    try:
        answer, is_tried = await _described(address, timeout)
    except socket.gaierror as error:
        raise SourceFault("the camera's name is not known: there is no address for it") from error
    except ssl.SSLError as error:
        raise SourceFault(f"no TLS connection to the camera: {error.reason or 'refused'}") from error
    except TimeoutError as error:
        raise SourceFault(f"the camera does not answer on {port} within {timeout:g} s") from error
    except ConnectionRefusedError as error:
        raise SourceFault(f"the camera refuses connections on {port}: nothing listens there") from error
    except (ConnectionResetError, BrokenPipeError):
        # It took the connection, and may like a decoder's words better.
        return f"no connection to the camera on {port}: it was cut"
    except OSError as error:
        raise SourceFault(f"no connection to the camera on {port}: {error.strerror or 'it was cut'}") from error
    if answer is None:
        raise SourceFault(f"what answers on {port} does not speak RTSP")
    reason = why(answer, address, transport)
    if is_final(answer, address, is_tried=is_tried):
        raise SourceFault(reason, is_refusal=is_tried and answer.status == UNAUTHORIZED)
    return reason


async def _described(address: RtspAddress, timeout: float) -> tuple[RtspAnswer | None, bool]:
    """Asks for the description of the stream, with the password if the camera wants one.

    Returns the last answer, None if it is not RTSP, and whether the password was sent.
    """
    async with asyncio.timeout(timeout):
        reader, writer = await _connected(address)
    try:
        answer = await _asked(reader, writer, address, 1, None, timeout)
        if answer is None or answer.status != UNAUTHORIZED or not address.has_credentials:
            return answer, False
        permit = authorization(answer, address, "DESCRIBE")
        if permit is None:
            return answer, False
        return await _asked(reader, writer, address, 2, permit, timeout), True
    finally:
        writer.transport.abort()


async def _connected(address: RtspAddress) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = _tls() if address.is_secure else None
    failure = OSError("it has no address")
    for place in await _LOOKUP.addresses(address.host):
        try:
            return await asyncio.open_connection(
                place, address.port, ssl=context, server_hostname=address.host if context else None
            )
        except ssl.SSLError:
            raise
        except OSError as error:
            failure = error
    raise failure


@cache
def _tls() -> ssl.SSLContext:
    # As FFmpeg, which checks no certificate.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _asked(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    address: RtspAddress,
    number: int,
    permit: str | None,
    timeout: float,
) -> RtspAnswer | None:
    lines = [f"DESCRIBE {address.plain} RTSP/1.0", f"CSeq: {number}", "Accept: application/sdp"]
    if permit is not None:
        lines.append(f"Authorization: {permit}")
    data = bytearray()
    async with asyncio.timeout(timeout):
        writer.write("\r\n".join([*lines, "", ""]).encode())
        while not is_whole(bytes(data)) and len(data) < _MAX_ANSWER and (more := await reader.read(4096)):
            data += more
    if not data:
        raise ConnectionResetError
    return read_answer(bytes(data))
