"""The number of tasks: enough for the open streams and the processor load, reduced slowly."""

from __future__ import annotations

import pulumi
from pulumi_aws import appautoscaling

from portero_infra.collector import NAMESPACE, STREAMS_METRIC
from portero_infra.config import Service as ServiceConfig
from portero_infra.service import Service

OUT_COOLDOWN = 60
IN_COOLDOWN = 900
"""Seconds. Every task that goes makes its cameras reconnect, so going is rare."""


class Scaling(pulumi.ComponentResource):
    """Target tracking on open streams per task and on processor use; the larger result applies."""

    def __init__(self, name: str, config: ServiceConfig, service: Service, opts: pulumi.ResourceOptions) -> None:
        super().__init__("portero:infra:Scaling", name, None, opts)
        self._name = name
        self._target = appautoscaling.Target(
            name,
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=pulumi.Output.concat("service/", service.cluster_name, "/", service.service_name),
            min_capacity=config.tasks,
            max_capacity=config.tasks_limit,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._track(
            "streams",
            {
                "target_value": config.streams_per_task,
                "customized_metric_specification": {
                    "namespace": NAMESPACE,
                    "metric_name": STREAMS_METRIC,
                    "statistic": "Average",
                    "dimensions": [{"name": "Service", "value": name}],
                },
            },
        )
        self._track(
            "cpu",
            {
                "target_value": config.cpu_target,
                "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
            },
        )
        self.register_outputs({})

    def _track(
        self, what: str, tracking: appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgsDict
    ) -> None:
        appautoscaling.Policy(
            f"{self._name}-{what}",
            policy_type="TargetTrackingScaling",
            service_namespace=self._target.service_namespace,
            scalable_dimension=self._target.scalable_dimension,
            resource_id=self._target.resource_id,
            target_tracking_scaling_policy_configuration={
                **tracking,
                "scale_out_cooldown": OUT_COOLDOWN,
                "scale_in_cooldown": IN_COOLDOWN,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
