"""The task definition with its two roles: permissions of the server, and those ECS needs to start it."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
from pulumi_aws import ecs

from portero_infra import policies
from portero_infra.anchors import ANCHORS, Anchors
from portero_infra.collector import collector_config
from portero_infra.config import StackConfig
from portero_infra.database import NAME, USER, Database
from portero_infra.exports import EXPORTS, Exports
from portero_infra.logs import Logs
from portero_infra.metrics import Metrics
from portero_infra.policies import Statement
from portero_infra.recognition import Recognition
from portero_infra.registry import Registry
from portero_infra.snapshots import SNAPSHOTS, Snapshots
from portero_infra.task import SCRATCH, Container, Facts, containers
from portero_infra.vault import PHOTOS, Vault


@dataclass(frozen=True, slots=True)
class Foundation:
    """The resources that a task depends on."""

    registry: Registry
    database: Database
    recognition: Recognition
    logs: Logs
    metrics: Metrics
    key_arn: pulumi.Output[str]
    anchors: Anchors | None
    vault: Vault | None
    snapshots: Snapshots | None
    exports: Exports | None


class TaskDefinition(pulumi.ComponentResource):
    """The containers, roles and size of a task."""

    def __init__(self, name: str, config: StackConfig, base: Foundation, opts: pulumi.ResourceOptions) -> None:
        super().__init__("portero:infra:TaskDefinition", name, None, opts)
        account, size = config.account, config.service
        tasks = "ecs-tasks.amazonaws.com"
        definition = ecs.TaskDefinition(
            name,
            family=name,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(size.cpu),
            memory=str(size.memory),
            runtime_platform={"cpu_architecture": size.architecture, "operating_system_family": "LINUX"},
            task_role_arn=policies.role(f"{name}-task", tasks, account.id, _task_statements(config, base), self),
            execution_role_arn=policies.role(
                f"{name}-execution", tasks, account.id, _execution_statements(config, base), self
            ),
            container_definitions=_containers(name, config, base).apply(json.dumps),
            volumes=[{"name": SCRATCH}],
            # Old revisions stay, so that ECS can roll back to them.
            skip_destroy=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = definition.arn
        self.register_outputs({"arn": definition.arn})


def _containers(name: str, config: StackConfig, base: Foundation) -> pulumi.Output[list[Container]]:
    def build(
        known: dict[str, str],
        remote_write_url: str | None,
        anchors: str | None,
        vault: str | None,
        snapshots: str | None,
        exports: str | None,
    ) -> list[Container]:
        collecting = collector_config(config, name, known.pop("streams"), remote_write_url)
        facts = Facts(
            **known,
            collector_config=collecting,
            anchor_bucket=anchors,
            vault_bucket=vault,
            snapshot_bucket=snapshots,
            export_bucket=exports,
        )
        return containers(config, facts)

    tag = config.service.image_tag or "not-pushed-yet"
    known = pulumi.Output.all(
        image=pulumi.Output.concat(base.registry.url, ":", tag),
        database_host=base.database.host,
        database_user=USER,
        database_name=NAME,
        database_secret=base.database.secret_arn,
        collection=base.recognition.active,
        log_group=base.logs.server.name,
        key=base.key_arn,
        streams=base.logs.streams.name,
    )
    anchors = None if base.anchors is None else base.anchors.bucket.name
    vault = None if base.vault is None else base.vault.bucket.name
    snapshots = None if base.snapshots is None else base.snapshots.bucket.name
    exports = None if base.exports is None else base.exports.bucket.name
    return pulumi.Output.all(known, base.metrics.remote_write_url, anchors, vault, snapshots, exports).apply(
        lambda parts: build(*parts)
    )


def _task_statements(config: StackConfig, base: Foundation) -> list[Statement]:
    """Returns the permissions of the server and, where it runs, of the collector."""
    recognition = config.recognition
    collections = base.recognition
    statements = policies.recognizing(
        collections.arns, collections.second_arns, users=recognition.users, liveness=recognition.face_liveness
    )
    if base.anchors is not None:
        statements += policies.anchoring(base.anchors.bucket.arn, ANCHORS)
    if base.vault is not None:
        statements += policies.keeping_objects(
            base.vault.bucket.arn, PHOTOS, key=base.key_arn, region=config.account.region
        )
    if base.snapshots is not None:
        statements += policies.keeping_objects(
            base.snapshots.bucket.arn, SNAPSHOTS, key=base.key_arn, region=config.account.region
        )
    if base.exports is not None:
        statements += policies.keeping_objects(
            base.exports.bucket.arn, EXPORTS, key=base.key_arn, region=config.account.region
        )
    if config.subscriptions is not None:
        statements += policies.sending_events(config.subscriptions.destinations)
    if config.observability.collector:
        statements.append(policies.writing_logs([base.logs.streams.arn]))
    if base.metrics.workspace is not None:
        statements.append(policies.remote_writing(base.metrics.workspace.arn))
    if config.service.shell:
        statements.append(policies.opening_shells())
    return statements


def _execution_statements(config: StackConfig, base: Foundation) -> list[Statement]:
    cameras, vault, subscriptions = config.edge.cameras, config.vault, config.subscriptions
    pictures = config.review_pictures
    return policies.starting(
        repository=base.registry.arn,
        secrets=[
            base.database.secret_arn,
            *([] if cameras is None else [cameras.secret]),
            *([] if vault is None else [vault.key_secret]),
            *([] if subscriptions is None else [subscriptions.key_secret]),
            *([] if pictures is None else [pictures.key_secret]),
        ],
        logs=[base.logs.server.arn],
        key=base.key_arn,
        region=config.account.region,
    )
