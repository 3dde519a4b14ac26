"""The state that the intake of one camera works with."""

from collections.abc import Callable
from dataclasses import dataclass

from portero_bridge.events import BridgeEvent
from portero_bridge.images.encoder import Encoder
from portero_bridge.images.sampler import Sampler
from portero_bridge.metrics import CameraMeter
from portero_client.streaming.clock import Clock
from portero_client.streaming.delivery.planner import Delivery
from portero_client.streaming.notifier import Notifier


@dataclass(frozen=True, slots=True)
class CameraContext:
    """One camera's state, clock, metrics and event output.

    Attributes:
        camera: Name, without "cameras/".
        delivery: The state of the numbering and the stream.
        sampler: Selects the images to send.
        encoder: Makes images fit the limits.
        bell: Notified when the delivery changes.
        clock: The bridge's clock.
        meter: The camera's metrics.
        emit: Receives the camera's events.
    """

    camera: str
    delivery: Delivery
    sampler: Sampler
    encoder: Encoder
    bell: Notifier
    clock: Clock
    meter: CameraMeter
    emit: Callable[[BridgeEvent], None]
