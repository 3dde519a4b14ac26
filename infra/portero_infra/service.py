"""The cluster and the service: Fargate tasks, replaced without interruption and rolled back automatically."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws import ecs

from portero_infra.config import Service as ServiceConfig
from portero_infra.edge import Edge
from portero_infra.network import Network
from portero_infra.task import SERVER
from portero_infra.task_definition import TaskDefinition

GRACE = 120
"""Seconds in which a new task may be unready: migration, models, first connections."""


class Service(pulumi.ComponentResource):
    """The ECS cluster and the one service in it."""

    def __init__(
        self,
        name: str,
        size: ServiceConfig,
        task: TaskDefinition,
        network: Network,
        group: pulumi.Input[str],
        edge: Edge,
        discovery: pulumi.Input[str],
        alarms: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("portero:infra:Service", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        cluster = ecs.Cluster(
            name, name=name, settings=[{"name": "containerInsights", "value": "disabled"}], opts=child
        )
        providers = ecs.ClusterCapacityProviders(
            name, cluster_name=cluster.name, capacity_providers=["FARGATE", "FARGATE_SPOT"], opts=child
        )
        self.service = ecs.Service(
            name,
            name=name,
            cluster=cluster.arn,
            task_definition=task.arn,
            desired_count=0 if size.image_tag is None else size.tasks,
            capacity_provider_strategies=[*_capacity(size)],
            platform_version="1.4.0",
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            alarms={"enable": True, "rollback": True, "alarm_names": list(alarms)},
            health_check_grace_period_seconds=GRACE,
            availability_zone_rebalancing="ENABLED",
            enable_execute_command=size.shell,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            network_configuration={
                "subnets": list(network.private_ids),
                "security_groups": [group],
                "assign_public_ip": False,
            },
            load_balancers=[
                {"target_group_arn": target.arn, "container_name": SERVER, "container_port": port}
                for port, target in edge.target_groups.items()
            ],
            service_registries={"registry_arn": discovery},
            wait_for_steady_state=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                # A target group without a listener takes no tasks.
                depends_on=[providers, *edge.listeners],
                # Scaling moves the number; a deployment must not move it back.
                ignore_changes=["desiredCount"] if size.scales else None,
            ),
        )
        self.cluster_name = cluster.name
        self.service_name = self.service.name
        self.register_outputs({"cluster": cluster.name, "service": self.service.name})


def _capacity(size: ServiceConfig) -> list[ecs.ServiceCapacityProviderStrategyArgsDict]:
    """Returns the capacity strategy: the first `tasks` tasks never use Spot; further ones in the configured share."""
    spot = round(size.spot_share * 100)
    regular: ecs.ServiceCapacityProviderStrategyArgsDict = {
        "capacity_provider": "FARGATE",
        "base": size.tasks,
        "weight": 100 - spot,
    }
    return [regular, {"capacity_provider": "FARGATE_SPOT", "weight": spot}] if spot else [regular]
