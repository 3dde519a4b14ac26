"""Call rates by operation: token buckets with Rekognition's default quotas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LARGE_REGIONS = frozenset({"us-east-1", "us-west-2", "eu-west-1"})
_IMAGES = ("DetectText", "IndexFaces", "ListFaces", "SearchFaces", "SearchFacesByImage", "SearchUsersByImage")
_FACES = ("CompareFaces", "DetectFaces")
_COLLECTIONS = ("CreateCollection", "DeleteCollection", "DeleteFaces", "DescribeCollection", "ListCollections")
_USERS = ("AssociateFaces", "CreateUser", "DeleteUser", "DisassociateFaces", "ListUsers")
_LIVENESS = ("CreateFaceLivenessSession", "GetFaceLivenessSessionResults")


def default_rates(region: str) -> dict[str, float]:
    """Returns the calls a second of each operation in a region, as in "Amazon Rekognition endpoints and quotas"."""
    large = region in LARGE_REGIONS
    return (
        dict.fromkeys(_IMAGES, 50.0 if large else 5.0)
        | dict.fromkeys(_FACES, 100.0 if large else 25.0)
        | dict.fromkeys((*_COLLECTIONS, *_LIVENESS, *_USERS), 5.0)
    )


@dataclass(slots=True)
class TokenBucket:
    """Allows `rate` calls per second, and `burst` at once after a pause."""

    rate: float
    burst: float
    tokens: float = field(init=False)
    filled: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def take(self, now: float) -> bool:
        """Takes a token at a monotonic time, seconds. Returns whether there was one."""
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Quotas:
    """The buckets of an account and region."""

    def __init__(self, rates: Mapping[str, float]) -> None:
        """Sets calls a second by operation; a bucket holds one second's worth. Operations not named are free."""
        self._rates = dict(rates)
        self._buckets = self._filled()

    @property
    def rates(self) -> Mapping[str, float]:
        """Calls a second, by operation."""
        return self._rates

    def take(self, operation: str, now: float) -> bool:
        """Returns whether a call may be made at a monotonic time, seconds."""
        bucket = self._buckets.get(operation)
        return bucket is None or bucket.take(now)

    def reset(self) -> None:
        """Refills all token buckets."""
        self._buckets = self._filled()

    def _filled(self) -> dict[str, TokenBucket]:
        return {operation: TokenBucket(rate, max(1.0, rate)) for operation, rate in self._rates.items()}
