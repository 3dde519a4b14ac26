"""A real RTSP server, GStreamer's, for tests. Runs as a script of the system's Python, which has its bindings.

Reads its settings as one line of JSON from standard input, writes its port to standard output, and ends with its input.
"""

import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 - the versions come first

_PICTURES = "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=10/1"
_STREAMS = {
    "h264": f"{_PICTURES} ! x264enc tune=zerolatency key-int-max=10 ! rtph264pay pt=96 config-interval=-1 mtu=400",
    "mjpeg": f"{_PICTURES} ! jpegenc ! rtpjpegpay pt=26 mtu=400",
    "audio": "audiotestsrc is-live=true ! audioconvert ! rtpL16pay pt=97",
}
_ROLE = "viewer"
_TRANSPORTS = {
    "tcp": GstRtsp.RTSPLowerTrans.TCP,
    "udp": GstRtsp.RTSPLowerTrans.UDP,
}


def factory(stream: str, *, transport: str, loss: float, secured: bool) -> GstRtspServer.RTSPMediaFactory:
    """Returns what makes a stream."""
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(f"( {_STREAMS[stream]} name=pay0 )")
    if loss:
        made.connect("media-configure", _lose, loss)
    # Each client has its own pictures: a shared stream is refused for a moment when its last viewer left.
    made.set_shared(False)
    made.set_protocols(_TRANSPORTS[transport])
    if secured:
        rights = GstRtspServer.RTSPPermissions()
        rights.add_permission_for_role(_ROLE, "media.factory.access", True)
        rights.add_permission_for_role(_ROLE, "media.factory.construct", True)
        made.set_permissions(rights)
    return made


def _lose(_: object, media: GstRtspServer.RTSPMedia, loss: float) -> None:
    """Drops a share of the packets behind the payloader."""
    step = max(1, round(1 / loss))
    counted = [0]

    def passes(pad: object, info: object) -> Gst.PadProbeReturn:
        counted[0] += 1
        return Gst.PadProbeReturn.DROP if counted[0] % step == 0 else Gst.PadProbeReturn.OK

    payloader = media.get_element().get_by_name("pay0")
    # A buffer is one packet, as a list is what no payloader with so small packets makes of one.
    payloader.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST, passes)


def main() -> None:
    """Serves until standard input ends."""
    settings = json.loads(sys.stdin.readline())
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(settings.get("port", 0)))
    user, password = settings.get("user", ""), settings.get("password", "")
    if user:
        auth = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", _ROLE)
        if settings.get("digest"):
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
            auth.add_digest(user, password, token)
        else:
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
        server.set_auth(auth)
    for stream in _STREAMS:
        for transport in _TRANSPORTS:
            made = factory(stream, transport=transport, loss=settings.get("loss", 0.0), secured=bool(user))
            server.get_mount_points().add_factory(f"/{stream}-{transport}", made)
    server.attach(None)
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main()
