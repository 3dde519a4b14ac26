"""The configuration of one stack: typed, frozen, and validated before the first resource is created.

Each section is one key of Pulumi.STACK.yaml, as `portero:network`.
"""

from __future__ import annotations

import fnmatch
from datetime import date
from ipaddress import IPv4Network
from math import ceil
from typing import Annotated, Literal, Self

import pulumi
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Port = Annotated[int, Field(ge=1, le=65_535)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1, le=3650)]
SecretArn = Annotated[str, Field(pattern=r"^arn:aws:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+-\w{6}$")]
DestinationArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[\w-]*:(?:(?:sqs|sns):[\w-]+:\d{12}:[\w-]+(?:\.fifo)?"
        r"|events:[\w-]+:\d{12}:event-bus/[\w.-]+|kinesis:[\w-]+:\d{12}:stream/[\w.-]+)$"
    ),
]

CONTAINER_NEEDS = frozenset({"ecr.api", "ecr.dkr", "logs", "rekognition", "secretsmanager"})
"""Endpoints of the services that a task calls; without a NAT each of them must exist."""

FARGATE_MEMORY = {
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16_384 + 1, 1024),
    4096: range(8192, 30_720 + 1, 1024),
    8192: range(16_384, 61_440 + 1, 4096),
}
"""MiB of memory that Fargate sells with each size of processor, in 1/1024 vCPU."""

STOP_MARGIN = 10
"""Seconds between the server's own deadline for stopping and SIGKILL."""

FARGATE_STOP_LIMIT = 120
"""Seconds; ECS kills a Fargate container at the latest so long after SIGTERM."""


class Section(BaseModel):
    """A frozen section of the configuration that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")


class Account(Section):
    """The AWS account and region of the stack, and its owner."""

    id: Annotated[str, Field(pattern=r"^\d{12}$")]
    region: str = "us-east-1"
    owner: str
    production: bool
    trail: bool = False


class Network(Section):
    """The stack's VPC: address range, zones and endpoints."""

    cidr: IPv4Network = IPv4Network("10.42.0.0/16")
    zones: int = Field(2, ge=2, le=4)
    nat: Literal["none", "one", "per-zone"]
    endpoints: tuple[str, ...] = ()
    flow_logs: bool = True

    @model_validator(mode="after")
    def _reaches_what_tasks_call(self) -> Self:
        missing = CONTAINER_NEEDS - set(self.endpoints)
        if self.nat == "none" and missing:
            raise ValueError(f"without a NAT, endpoints must include {', '.join(sorted(missing))}")
        if not 16 <= self.cidr.prefixlen <= 20:
            raise ValueError("cidr must be between /16 and /20")
        return self


class Cameras(Section):
    """The listener for bridges that bring their own certificate: TLS passes through to the server.

    The secret (an ARN) is JSON with PEM texts: `certificate` (of the edge's host name), `key`, and
    `client_ca` (who signs the bridges' certificates). `bridges` is PORTERO_BRIDGES.
    """

    port: Port = 8443
    target_port: Port = 50_052
    idle_timeout: int = Field(3600, ge=60, le=6000)
    secret: SecretArn
    bridges: Annotated[dict[str, tuple[str, ...]], Field(min_length=1)]


class Edge(Section):
    """The public host name, and how clients reach it."""

    domain: str
    name: str = "portero"
    clients: tuple[IPv4Network, ...] = (IPv4Network("0.0.0.0/0"),)
    internal: bool = False
    tls: Literal["1.3", "1.2"] = "1.3"
    cross_zone: bool = True
    deregistration_delay: int = Field(10, ge=0, le=60)
    cameras: Cameras | None = None

    @property
    def host(self) -> str:
        """The host name that clients connect to."""
        return f"{self.name}.{self.domain}"


class Server(Section):
    """Settings of the container; ports and deadlines of every other part follow from them."""

    grpc_port: Port = 50_051
    admin_port: Port = 9464
    stop_grace: float = Field(20.0, gt=0, le=FARGATE_STOP_LIMIT - STOP_MARGIN)
    max_streams: int = Field(300, ge=1, le=10_000)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def stop_timeout(self) -> int:
        """Seconds from SIGTERM to SIGKILL: the server's own deadline plus a margin."""
        return ceil(self.stop_grace) + STOP_MARGIN


class Service(Section):
    """The number and size of tasks; without an image tag everything is created but no task runs."""

    image_tag: Annotated[str, Field(pattern=r"^(?!latest$)[\w][\w.-]{0,127}$")] | None = None
    architecture: Literal["ARM64", "X86_64"] = "ARM64"
    cpu: int = 2048
    memory: int = 4096
    tasks: Annotated[int, Field(ge=1, le=200)]
    tasks_limit: Annotated[int, Field(ge=1, le=200)]
    spot_share: Ratio = 0.0
    streams_per_task: int = Field(60, ge=1)
    cpu_target: int = Field(60, ge=10, le=90)
    shell: bool = False

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        if self.memory not in FARGATE_MEMORY.get(self.cpu, ()):
            raise ValueError(f"Fargate sells no task of cpu {self.cpu} with memory {self.memory}")
        if self.tasks_limit < self.tasks:
            raise ValueError("tasks_limit must be at least tasks")
        return self

    @property
    def scales(self) -> bool:
        """Whether autoscaling may change the number of tasks."""
        return self.image_tag is not None and self.tasks_limit > self.tasks


class Database(Section):
    """Aurora MySQL Serverless v2; 3.10 is its line of long-term support.

    Every commit of a stream's watermark is an I/O: from about ten cameras on, io_optimized is cheaper.
    """

    version: Annotated[str, Field(pattern=r"^8\.0\.mysql_aurora\.3\.\d+\.\d+$")] = "8.0.mysql_aurora.3.10.4"
    instances: int = Field(1, ge=1, le=15)
    acu_min: float = Field(0.5, ge=0.5, le=256, multiple_of=0.5)
    acu_max: float = Field(2, ge=1, le=256, multiple_of=0.5)
    io_optimized: bool = False
    backup: int = Field(7, ge=1, le=35)
    rotation: int = Field(30, ge=1, le=365)

    @model_validator(mode="after")
    def _can_grow(self) -> Self:
        if self.acu_max < self.acu_min:
            raise ValueError("acu_max must be at least acu_min")
        return self


QUOTAS = {
    "CompareFaces": 100.0,
    "DetectFaces": 100.0,
    "DetectText": 50.0,
    "IndexFaces": 50.0,
    "SearchFaces": 50.0,
    "SearchFacesByImage": 50.0,
    "SearchUsersByImage": 50.0,
}
"""Calls a second of a new account in the large regions; elsewhere many are 5."""


class SecondCollection(Section):
    """The collections that the server may make beside the stack's, fill and remove (`portero faces prepare`).

    `names` follows the stack's name and a dash, and may end with `*`; `regions` come besides that of the stack.
    """

    names: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.-]+\*?$")] = "next-*"
    regions: tuple[Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d{1,2}$")], ...] = ()


class Recognition(Section):
    """The collections of faces, which of them the server searches and how, and how fast the account may ask.

    The quotas are the account's: each task gets its share of them, as if all that scaling allows were running.
    `face_liveness` lets check-ins ask for a session, in a region that has Face Liveness.
    """

    quotas: dict[str, Annotated[float, Field(gt=0)]] = QUOTAS
    other_quota: float = Field(5.0, gt=0)
    collections: Annotated[tuple[str, ...], Field(min_length=1)] = ("faces-1",)
    active: str = "faces-1"
    users: bool = False
    opt_out: Literal["required", "reported"] = "required"
    face_liveness: bool = False
    second: SecondCollection | None = None

    @model_validator(mode="after")
    def _active_exists(self) -> Self:
        if self.active not in self.collections:
            raise ValueError("active must be one of collections")
        if self.second is not None and fnmatch.filter(self.collections, self.second.names):
            raise ValueError("second.names must match none of collections, which the server may not delete")
        return self


class Access(Section):
    """The OIDC issuer whose tokens are accepted besides API keys, as PORTERO_OIDC_ISSUER, _AUDIENCES and _ROLES.

    Unset: no tokens are accepted.
    """

    issuer: Annotated[str, Field(pattern=r"^https://")] | None = None
    audiences: tuple[str, ...] = ()
    roles: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.issuer is not None) != bool(self.audiences) or bool(self.roles) > (self.issuer is not None):
            raise ValueError("issuer and audiences must be set together, and roles only with them")
        return self


class Audit(Section):
    """Days for which nobody, including AWS's root user, can remove an anchor of the audit trail; unset: no anchors."""

    anchor_days: int | None = Field(None, ge=1, le=36_500)


class Vault(Section):
    """The vault of enrollment photos, in a bucket of the stack.

    The secret (an ARN) is the text of a key file, as `portero-server vault key` makes it.
    """

    key_secret: SecretArn


class Subscriptions(Section):
    """Keys that seal the addresses and secrets of subscriptions; without the section no subscription can be made.

    The secret (an ARN) is the text of a key file, as `portero-server vault key` makes it. `destinations` are ARNs: the
    queues, topics, event buses and data streams to which subscriptions may send, and no others.
    """

    key_secret: SecretArn
    destinations: tuple[DestinationArn, ...] = ()


class ReviewPictures(Section):
    """Keys that seal pictures of doubtful faces, and whether and where these are kept; without the section none is.

    The secret (an ARN) is the text of a key file, as `portero-server vault key` makes it.
    """

    key_secret: SecretArn
    hours: int = Field(24, ge=1, le=168)
    forbidden_sites: tuple[str, ...] = ()


class Snapshots(Section):
    """Pictures of sightings, in a bucket of the stack; without the section none is kept."""

    sites: tuple[str, ...] = Field(min_length=1)
    subjects: Literal["everybody", "people", "strangers"] = "everybody"
    purpose: str = ""
    context: bool = False
    hours: int = Field(72, ge=1, le=26_280)
    links: bool = False


class Exports(Section):
    """Files of sightings, in a bucket of the stack; without the section none are written."""

    format: Literal["csv", "jsonl"] = "jsonl"
    sites: tuple[str, ...] = ()
    since: date | None = None
    expired: Literal["remove", "keep"] = "remove"


class Observability(Section):
    """Logs, alarms, the budget, and where metrics are sent."""

    log_days: Literal[7, 14, 30, 60, 90, 180, 365] = 30
    alarm_emails: tuple[str, ...] = ()
    monthly_budget: int = Field(ge=1)
    collector: bool = False
    managed_prometheus: bool = False
    collector_image: str = "public.ecr.aws/aws-observability/aws-otel-collector:v0.45.0"

    @model_validator(mode="after")
    def _has_a_collector(self) -> Self:
        if self.managed_prometheus and not self.collector:
            raise ValueError("managed_prometheus needs collector")
        return self


class Web(Section):
    """The load balancer and firewall in front of a web console."""

    name: str = "console"
    port: Port = 8080
    health_path: str = "/"
    requests_per_5_minutes: int = Field(2000, ge=100)


class StackConfig(Section):
    """The whole configuration of one stack."""

    account: Account
    network: Network
    edge: Edge
    server: Server = Server()
    service: Service
    database: Database
    recognition: Recognition = Recognition()
    access: Access = Access()
    audit: Audit = Audit()
    vault: Vault | None = None
    subscriptions: Subscriptions | None = None
    review_pictures: ReviewPictures | None = None
    snapshots: Snapshots | None = None
    exports: Exports | None = None
    observability: Observability
    web: Web | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.account.production and self.database.instances < 2:
            raise ValueError("production needs two database instances, in two zones")
        if self.service.scales and not self.observability.collector:
            raise ValueError("scaling on streams needs observability.collector, which publishes their number")
        if self.service.streams_per_task > self.server.max_streams:
            raise ValueError("service.streams_per_task must not be above server.max_streams")
        needed = {"aps-workspaces"} if self.observability.managed_prometheus else set()
        if self.network.nat == "none" and not needed <= set(self.network.endpoints):
            raise ValueError("without a NAT, managed_prometheus needs the endpoint aps-workspaces")
        if self.network.nat == "none" and self.access.issuer is not None:
            raise ValueError("without a NAT the keys of access.issuer cannot be fetched")
        if self.network.nat == "none" and self.subscriptions is not None:
            raise ValueError("without a NAT the receivers of subscriptions cannot be reached")
        second = self.recognition.second
        if self.network.nat == "none" and second is not None and set(second.regions) - {self.account.region}:
            raise ValueError("without a NAT the regions of recognition.second cannot be reached")
        if self.edge.cameras is not None and self.edge.cameras.target_port in {
            self.server.grpc_port,
            self.server.admin_port,
        }:
            raise ValueError("edge.cameras.target_port must be a port of its own")
        return self


def load_config() -> StackConfig:
    """Reads the configuration of the selected stack.

    Raises:
        pulumi.RunError: A value is missing or wrong; names each with what it must be.
    """
    source = pulumi.Config("portero")
    given = {name: source.get_object(name) for name in StackConfig.model_fields}
    try:
        return StackConfig.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(
            f"portero:{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        )
        raise pulumi.RunError(f"wrong configuration: {problems}") from None
