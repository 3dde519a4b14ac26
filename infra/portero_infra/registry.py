"""The image repository: immutable tags, scanned on push, old images removed."""

from __future__ import annotations

import json

import pulumi
from pulumi_aws import ecr

KEPT_IMAGES = 30


class Registry(pulumi.ComponentResource):
    """The ECR repository of the server's image."""

    def __init__(self, name: str, key_arn: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
        super().__init__("portero:infra:Registry", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        repository = ecr.Repository(
            name,
            name=name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": key_arn}],
            opts=child,
        )
        ecr.LifecyclePolicy(name, repository=repository.name, policy=json.dumps(_lifecycle()), opts=child)
        self.arn = repository.arn
        self.url = repository.repository_url
        self.register_outputs({"url": self.url})


def _lifecycle() -> dict[str, object]:
    def rule(priority: int, description: str, **selection: object) -> dict[str, object]:
        return {
            "rulePriority": priority,
            "description": description,
            "selection": selection,
            "action": {"type": "expire"},
        }

    return {
        "rules": [
            rule(
                1,
                "Untagged images go after a week",
                tagStatus="untagged",
                countType="sinceImagePushed",
                countUnit="days",
                countNumber=7,
            ),
            rule(
                2,
                f"The newest {KEPT_IMAGES} stay, so that a rollback always finds its image",
                tagStatus="any",
                countType="imageCountMoreThan",
                countNumber=KEPT_IMAGES,
            ),
        ]
    }
