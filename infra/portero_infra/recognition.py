"""The face collections in Amazon Rekognition."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import rekognition

from portero_infra.config import Account, SecondCollection
from portero_infra.config import Recognition as RecognitionConfig


@dataclass(frozen=True, slots=True)
class Collection:
    """One face collection with the name that the server expects."""

    id: pulumi.Output[str]
    arn: pulumi.Output[str]


class Recognition(pulumi.ComponentResource):
    """Every configured collection; two exist side by side while faces are moved to a new model."""

    def __init__(self, name: str, account: Account, config: RecognitionConfig, opts: pulumi.ResourceOptions) -> None:
        super().__init__("portero:infra:Recognition", name, None, opts)
        made = {
            collection: rekognition.Collection(
                f"{name}-{collection}",
                collection_id=f"{name}-{collection}",
                opts=pulumi.ResourceOptions(parent=self, protect=account.production),
            )
            for collection in config.collections
        }
        self.active = made[config.active].collection_id
        self.arns = [collection.arn for collection in made.values()]
        self.second_arns = _patterns(name, account, config.second)
        self.register_outputs({"active": self.active})


def _patterns(name: str, account: Account, second: SecondCollection | None) -> list[str]:
    """Returns patterns of the ARNs of collections that the server makes itself."""
    if second is None:
        return []
    regions = sorted({account.region, *second.regions})
    return [f"arn:aws:rekognition:{region}:{account.id}:collection/{name}-{second.names}" for region in regions]
