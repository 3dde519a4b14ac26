"""List prices of AWS in US East (N. Virginia), each with its unit, source page and date.

Free tiers of the first year and commitment discounts are left out. Prices change: check the source page before relying
on a figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

REGION = "us-east-1"
HOURS = Decimal(730)
"""Hours of a month, as AWS counts."""
DAYS = HOURS / 24

_AUTUMN_2025 = date(2025, 11, 1)
_SPRING_2026 = date(2026, 4, 1)


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one unit.

    Attributes:
        tiers: US dollars a unit, each up to a number of units a month; the last has no end.
        unit: What is counted.
        page: Under aws.amazon.com.
        taken: The day on which the price was so.
    """

    tiers: Sequence[tuple[int | None, Decimal]]
    unit: str
    page: str
    taken: date = _AUTUMN_2025

    @property
    def first(self) -> Decimal:
        """The price of the first unit, US dollars."""
        return self.tiers[0][1]

    def of(self, units: Decimal) -> Decimal:
        """Returns the price of a number of units in one month, US dollars."""
        total, below = Decimal(0), Decimal(0)
        for limit, dollars in self.tiers:
            upper = units if limit is None else min(units, Decimal(limit))
            total += max(Decimal(0), upper - below) * dollars
            below = upper
        return total


def _flat(dollars: str, unit: str, page: str, taken: date = _AUTUMN_2025) -> Price:
    return Price(((None, Decimal(dollars)),), unit, page, taken)


def _images(last: str) -> Price:
    million = 1_000_000
    tiers = (
        (million, Decimal("0.001")),
        (5 * million, Decimal("0.0008")),
        (35 * million, Decimal("0.0006")),
        (None, Decimal(last)),
    )
    return Price(tiers, "image", "rekognition/pricing")


FACE_SEARCH = _images("0.0004")
"""Group 1: SearchFacesByImage, IndexFaces, CompareFaces."""
IMAGE_READ = _images("0.00025")
"""Group 2: DetectFaces, DetectText."""
FACE_STORED = _flat("0.00001", "face and month", "rekognition/pricing")

VCPU = {
    "ARM64": _flat("0.03238", "vCPU hour", "fargate/pricing", _SPRING_2026),
    "X86_64": _flat("0.04048", "vCPU hour", "fargate/pricing", _SPRING_2026),
}
MEMORY = {
    "ARM64": _flat("0.00356", "GB hour", "fargate/pricing", _SPRING_2026),
    "X86_64": _flat("0.004445", "GB hour", "fargate/pricing", _SPRING_2026),
}
SPOT_FACTOR = Decimal("0.35")
"""Of the regular price; Spot moves, AWS promises up to 70 % off."""

ACU = _flat("0.12", "ACU hour", "rds/aurora/pricing")
DATABASE_STORAGE = _flat("0.10", "GB month", "rds/aurora/pricing")
DATABASE_IO = _flat("0.0000002", "I/O", "rds/aurora/pricing")
ACU_OPTIMIZED = _flat("0.156", "ACU hour, I/O included", "rds/aurora/pricing")
DATABASE_STORAGE_OPTIMIZED = _flat("0.225", "GB month, I/O included", "rds/aurora/pricing")

BALANCER = _flat("0.0225", "balancer hour", "elasticloadbalancing/pricing")
NLCU = _flat("0.006", "capacity-unit hour", "elasticloadbalancing/pricing")
BETWEEN_ZONES = _flat("0.02", "GB, both directions", "ec2/pricing/on-demand")
OUT = Price(((100, Decimal(0)), (None, Decimal("0.09"))), "GB", "ec2/pricing/on-demand")
ADDRESS = _flat("0.005", "public address hour", "vpc/pricing")
NAT = _flat("0.045", "gateway hour", "vpc/pricing")
NAT_DATA = _flat("0.045", "GB", "vpc/pricing")
ENDPOINT = _flat("0.01", "endpoint and zone hour", "privatelink/pricing")
ENDPOINT_DATA = _flat("0.01", "GB", "privatelink/pricing")

OBJECTS_KEPT = _flat("0.023", "GB month", "s3/pricing")
OBJECT_WRITTEN = _flat("0.000005", "object written", "s3/pricing")
KEY = _flat("1", "key month", "kms/pricing")
SECRET = _flat("0.40", "secret month", "secrets-manager/pricing")
ZONE = _flat("0.50", "hosted zone month", "route53/pricing")
IMAGES_KEPT = _flat("0.10", "GB month", "ecr/pricing")
LOGS = _flat("0.50", "GB", "cloudwatch/pricing")
ALARM = _flat("0.10", "alarm month", "cloudwatch/pricing")
METRIC = _flat("0.30", "metric month", "cloudwatch/pricing")
SAMPLES = _flat("0.00000009", "sample", "prometheus/pricing")
FIREWALL = _flat("5", "web ACL month", "waf/pricing")
FIREWALL_RULE = _flat("1", "rule month", "waf/pricing")
