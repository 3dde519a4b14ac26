"""Portero's camera bridge: takes frames from cameras and streams them to a server.

As a process it is `portero-bridge`. As a library it is one call, which `portero stream` uses too::

    from portero_bridge.camera import run_camera
    from portero_bridge.settings import CameraSettings
    from portero_client import TrackUpdated

    def on_event(event):
        if isinstance(event, TrackUpdated) and event.match is not None:
            print(event.match.display_name)

    camera = CameraSettings(name="lobby", source="visit.mp4", once=True)
    account = await run_camera(camera, server="127.0.0.1:50051", on_event=on_event, patience=10)

`on_event` gets every value of `portero_bridge.events.BridgeEvent`, on the event loop and in the order in which
things happened: `SourceUp`, `SourceDown`, `SourceStuck`, `ImageSkipped`, `RecordingDated`, `CameraRegistered`,
`StreamOpened`, `StreamClosed`, `EpochBegun`, `Acknowledged`, `TrackUpdated`, `TextsRead`, `FrameRefused`, `Directed`,
`StreamFinished`, `SpoolSetAside`, `SpoolFailed`. It must not block; an exception it raises ends the stream and is
raised by `run_camera`.

A finite source with `once=True` is sent to its end; the call then waits for the server's Finished and returns its
`StreamAccount`. Anything else runs until the `stop` event is set, which ends it in the same order within
`Tuning.stop_timeout`, or until the call is canceled, which ends it at once. Without `patience` it never gives up on
a server. Errors are of the SDK's tree (`portero_client.errors.PorteroError`).

This package imports nothing of its own here, so that a capture process starts quickly.
"""
