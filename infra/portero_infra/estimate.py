"""Estimates the monthly cost of a stack from its configuration and what its cameras see. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from portero_infra import prices
from portero_infra.alarms import alarms
from portero_infra.config import StackConfig
from portero_infra.prices import DAYS, HOURS, Price
from portero_infra.web import MANAGED_RULES

KB_PER_GB = Decimal(1_000_000)
EXPORTED_ROW_KB = Decimal("0.4")
"""Of a sighting as JSON Lines, the largest format."""


class TooManyCameras(ValueError):
    """The stack's largest number of tasks cannot handle this many cameras."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The expected usage of a stack; the defaults are cameras at a busy door, sending day and night.

    Attributes:
        cameras: Cameras that stream at once.
        visits: People who come to one camera in a day.
        searches_per_visit: Paid searches a visit; the server asks at most three times.
        texts: Texts read at one camera in a day, one DetectText each.
        people: People known, each with three photos.
        photo_kb: Size of one photo that taught a face.
        snapshot_kb: Size of one snapshot.
        frames_per_second: Sent by one camera; 5 is the bridge's default.
        frame_kb: Size of one frame.
        hours: Hours of a day in which cameras send.
    """

    cameras: int
    visits: int = 200
    searches_per_visit: Decimal = Decimal("1.3")
    texts: int = 0
    people: int = 1000
    photo_kb: int = 500
    snapshot_kb: int = 60
    frames_per_second: Decimal = Decimal(5)
    frame_kb: int = 30
    hours: int = 24

    @property
    def monthly_visits(self) -> Decimal:
        """Visits at all cameras in a month."""
        return self.cameras * self.visits * DAYS

    @property
    def monthly_frames(self) -> Decimal:
        """Frames of all cameras in a month."""
        return self.cameras * self.frames_per_second * 3600 * self.hours * DAYS


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill: a number of units at a price."""

    item: str
    units: Decimal
    price: Price

    @property
    def dollars(self) -> Decimal:
        """The cost of the line, US dollars per month."""
        return self.price.of(self.units)


def estimate(config: StackConfig, usage: Usage) -> list[Line]:
    """Returns every line of a month's bill that is not zero.

    Raises:
        TooManyCameras: The stack's limit of tasks does not carry them.
    """
    tasks = _tasks(config, usage)
    parts = (
        _recognition(usage),
        _compute(config, tasks),
        _database(config, usage, tasks),
        _traffic(config, usage),
        _network(config, usage),
        _vault(config, usage),
        _snapshots(config, usage),
        _exports(config, usage),
        _rest(config, tasks),
    )
    return [line for part in parts for line in part if line.dollars > 0]


def total(lines: list[Line]) -> Decimal:
    """Returns the sum of the lines, US dollars per month."""
    return sum((line.dollars for line in lines), Decimal(0))


def naive(usage: Usage, *, volume_discount: bool) -> Decimal:
    """Returns the monthly cost, US dollars, of calling DetectFaces and SearchFacesByImage every second per camera."""
    calls = usage.cameras * 86_400 * DAYS
    if volume_discount:
        return prices.FACE_SEARCH.of(calls) + prices.IMAGE_READ.of(calls)
    return calls * (prices.FACE_SEARCH.first + prices.IMAGE_READ.first)


def _tasks(config: StackConfig, usage: Usage) -> int:
    service = config.service
    needed = max(service.tasks, ceil(usage.cameras / service.streams_per_task))
    if needed > service.tasks_limit:
        carried = service.tasks_limit * service.streams_per_task
        raise TooManyCameras(f"{usage.cameras} cameras, and the stack carries {carried} (service.tasks_limit)")
    return needed


def _recognition(usage: Usage) -> Iterator[Line]:
    searches = usage.monthly_visits * usage.searches_per_visit
    yield Line("Rekognition, searches", searches, prices.FACE_SEARCH)
    yield Line("Rekognition, texts read", usage.cameras * usage.texts * DAYS, prices.IMAGE_READ)
    yield Line("Rekognition, faces kept", Decimal(usage.people * 3), prices.FACE_STORED)


def _compute(config: StackConfig, tasks: int) -> Iterator[Line]:
    service = config.service
    spot = (tasks - service.tasks) * Decimal(str(service.spot_share))
    paid = tasks - spot + spot * prices.SPOT_FACTOR
    yield Line(
        f"Fargate, processors of {tasks} tasks", paid * service.cpu / 1024 * HOURS, prices.VCPU[service.architecture]
    )
    yield Line(
        f"Fargate, memory of {tasks} tasks", paid * service.memory / 1024 * HOURS, prices.MEMORY[service.architecture]
    )


def _database(config: StackConfig, usage: Usage, tasks: int) -> Iterator[Line]:
    database = config.database
    # An ACU carries about a hundred cameras' commits; what one camera adds is small against the least capacity.
    needed = Decimal("0.5") + Decimal(usage.cameras) / 100
    capacity = min(Decimal(str(database.acu_max)), max(Decimal(str(database.acu_min)), needed))
    # A visit's rows are about 4 KB with their indexes; a year of them, and ten GB of everything else.
    stored = 10 + usage.monthly_visits * 12 * 4 / KB_PER_GB
    # Frames of all streams of a task share commits, at most one each 15 ms, of about two writes.
    commits = min(usage.monthly_frames, tasks * 1000 / Decimal(15) * 3600 * usage.hours * DAYS)
    item, units = f"Aurora, {capacity:g} ACU on {database.instances} instances", capacity * database.instances * HOURS
    if database.io_optimized:
        yield Line(item, units, prices.ACU_OPTIMIZED)
        yield Line("Aurora, storage", stored, prices.DATABASE_STORAGE_OPTIMIZED)
    else:
        yield Line(item, units, prices.ACU)
        yield Line("Aurora, storage", stored, prices.DATABASE_STORAGE)
        yield Line("Aurora, I/O", commits * 2, prices.DATABASE_IO)


def _traffic(config: StackConfig, usage: Usage) -> Iterator[Line]:
    received = usage.monthly_frames * usage.frame_kb / KB_PER_GB
    yield Line("Balancer", HOURS, prices.BALANCER)
    # One unit an hour is one GB an hour: bytes, not connections, decide with video.
    yield Line("Balancer, frames", received, prices.NLCU)
    if config.edge.cross_zone:
        zones = config.network.zones
        yield Line("Frames that cross zones", received * (zones - 1) / zones, prices.BETWEEN_ZONES)
    # An acknowledgment is about 100 bytes on the wire.
    yield Line("Answers to the internet", usage.monthly_frames / 10 / KB_PER_GB, prices.OUT)


def _network(config: StackConfig, usage: Usage) -> Iterator[Line]:
    network = config.network
    gateways = {"none": 0, "one": 1, "per-zone": network.zones}[network.nat]
    crops = usage.monthly_visits * usage.searches_per_visit * usage.frame_kb / KB_PER_GB
    private = "rekognition" in network.endpoints
    yield Line(f"NAT, {gateways} gateways", gateways * HOURS, prices.NAT)
    yield Line("NAT, data", Decimal(5) + (0 if private else crops), prices.NAT_DATA)
    yield Line(
        f"Endpoints, {len(network.endpoints)} in {network.zones} zones",
        len(network.endpoints) * network.zones * HOURS,
        prices.ENDPOINT,
    )
    yield Line("Endpoints, data", crops if private else Decimal(0), prices.ENDPOINT_DATA)
    addresses = gateways + (0 if config.edge.internal else network.zones)
    yield Line(f"{addresses} public addresses", addresses * HOURS, prices.ADDRESS)


def _vault(config: StackConfig, usage: Usage) -> Iterator[Line]:
    if config.vault is not None:
        # As if everybody consented. A photo is written once and read when faces are made anew: cents, not counted.
        yield Line("Photo vault, storage", Decimal(usage.people * 3 * usage.photo_kb) / KB_PER_GB, prices.OBJECTS_KEPT)


def _snapshots(config: StackConfig, usage: Usage) -> Iterator[Line]:
    taken = config.snapshots
    if taken is not None:
        # As if every visit had one, at every site. A better shot replaces it: one more write for every other visit. To
        # delete costs nothing, the bucket's own key spares the calls of KMS, and those who look are few.
        made = usage.monthly_visits * (2 if taken.context else 1)
        kept = made * Decimal(taken.hours) / HOURS
        yield Line("Snapshots, storage", kept * usage.snapshot_kb / KB_PER_GB, prices.OBJECTS_KEPT)
        yield Line("Snapshots, written", made * Decimal("1.5"), prices.OBJECT_WRITTEN)


def _exports(config: StackConfig, usage: Usage) -> Iterator[Line]:
    if config.exports is not None:
        # A year of what every visit takes uncompressed. The files are few: to write them, and again, costs cents.
        kept = usage.monthly_visits * 12 * EXPORTED_ROW_KB
        yield Line("Exports, storage", kept / KB_PER_GB, prices.OBJECTS_KEPT)


def _rest(config: StackConfig, tasks: int) -> Iterator[Line]:
    yield Line("Keys", Decimal(1), prices.KEY)
    # The database's, the cameras' certificates, and the keys of photo vault, subscriptions and pictures.
    optional = (config.edge.cameras, config.vault, config.subscriptions, config.review_pictures)
    secrets = 1 + sum(each is not None for each in optional)
    yield Line("Secrets", Decimal(secrets), prices.SECRET)
    yield Line("Hosted zone of the host name", Decimal(1), prices.ZONE)
    yield Line("Hosted zone of the tasks", Decimal(1), prices.ZONE)
    yield Line("Images", Decimal(10), prices.IMAGES_KEPT)
    yield Line("Logs", Decimal(tasks), prices.LOGS)
    yield Line("Alarms", Decimal(len(alarms(config))), prices.ALARM)
    if config.observability.collector:
        yield Line("Metric to scale by", Decimal(1), prices.METRIC)
    if config.observability.managed_prometheus:
        # About 800 series a task, each 30 s.
        yield Line("Managed Prometheus, samples", tasks * 800 * 120 * HOURS, prices.SAMPLES)
    if config.web is not None:
        yield Line("Web balancer", HOURS, prices.BALANCER)
        yield Line("Web firewall", Decimal(1), prices.FIREWALL)
        yield Line("Web firewall, rules", Decimal(len(MANAGED_RULES) + 1), prices.FIREWALL_RULE)
