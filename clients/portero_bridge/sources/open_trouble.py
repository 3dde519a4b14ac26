"""Finds out why a source does not open, which OpenCV does not tell; runs in the capture process."""

import errno
import os
import socket
import ssl
import sys
from contextlib import closing
from pathlib import Path

from portero_bridge.sources.rtsp_address import RtspAddress, read_rtsp_address
from portero_bridge.sources.rtsp_answers import RtspAnswer, authorization, is_whole, read_answer, why

_MAX_ANSWER = 64 * 1024
_UNAUTHORIZED = 401


def why_not_open(target: str | int, transport: str, timeout: float) -> str:
    """Returns in one line, without address and password, why a source gives no picture.

    Args:
        target: URL, path or device number that did not open.
        transport: How the pictures of an RTSP camera were to come: tcp or udp.
        timeout: Seconds that each step may take.
    """
    if isinstance(target, int) or target.startswith("/dev/"):
        return _why_no_device(target)
    if target.lower().startswith(("rtsp://", "rtsps://")):
        return _why_no_stream(read_rtsp_address(target), transport, timeout)
    return "the source could not be opened"


def _why_no_device(target: str | int) -> str:
    path = Path(f"/dev/video{target}" if isinstance(target, int) else target)
    if not sys.platform.startswith("linux"):
        return f"no camera {target} could be opened on this machine"
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
            there = sorted(str(device) for device in Path("/dev").glob("video*"))
            return f"there is no device {path}" + (
                f"; there are {', '.join(there)}" if there else ", nor any other camera"
            )
        if error.errno in (errno.EACCES, errno.EPERM):
            return f"{path} may not be opened: its user must be in the group video"
        if error.errno == errno.EBUSY:
            return f"{path} is in use by another program"
        return f"{path} cannot be opened: {error.strerror}"
    return f"{path} gives no pictures: another program uses it, or it is no camera but a camera's second device"


def _why_no_stream(address: RtspAddress, transport: str, timeout: float) -> str:
    port = f"port {address.port}"
    try:
        with closing(_connected(address, timeout)) as connection:
            answer = _described(connection, address)
    except socket.gaierror:
        return "the camera's name is not known: there is no address for it"
    except ssl.SSLError as error:
        return f"no TLS connection to the camera: {error.reason or 'refused'}"
    except TimeoutError:
        return f"the camera does not answer on {port} within {timeout:g} s"
    except ConnectionRefusedError:
        return f"the camera refuses connections on {port}: nothing listens there"
    except (OSError, ValueError) as error:
        return f"no connection to the camera on {port}: {getattr(error, 'strerror', None) or 'it was cut'}"
    return f"what answers on {port} does not speak RTSP" if answer is None else why(answer, address, transport)


def _connected(address: RtspAddress, timeout: float) -> socket.socket:
    connection = socket.create_connection((address.host, address.port), timeout)
    if not address.is_secure:
        return connection
    context = ssl.create_default_context()
    # As FFmpeg, which checks no certificate: this only finds out why that one failed.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection, server_hostname=address.host)


def _described(connection: socket.socket, address: RtspAddress) -> RtspAnswer | None:
    """Asks for the description of the stream, with the password if the camera wants one."""
    answer = _asked(connection, address, 1, None)
    if answer is None or answer.status != _UNAUTHORIZED or not (address.user or address.password):
        return answer
    permit = authorization(answer, address, "DESCRIBE")
    return answer if permit is None else _asked(connection, address, 2, permit)


def _asked(connection: socket.socket, address: RtspAddress, number: int, permit: str | None) -> RtspAnswer | None:
    lines = [f"DESCRIBE {address.plain} RTSP/1.0", f"CSeq: {number}", "Accept: application/sdp"]
    if permit is not None:
        lines.append(f"Authorization: {permit}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    data = bytearray()
    while not is_whole(bytes(data)) and len(data) < _MAX_ANSWER:
        if not (more := connection.recv(4096)):
            break
        data += more
    if not data:
        raise ConnectionResetError
    return read_answer(bytes(data))
