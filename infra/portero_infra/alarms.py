"""The CloudWatch alarms as a table: the metric, which values are wrong, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import cloudwatch

from portero_infra.config import StackConfig
from portero_infra.edge import Edge

MINUTE = 60
"""Seconds over which CloudWatch makes one value of a metric."""

Dimensions = dict[str, pulumi.Input[str]]
"""What a metric belongs to, as CloudWatch names it: dimension to value."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One CloudWatch alarm of the table.

    Attributes:
        name: Name of the alarm within the stack.
        source: What the metric is about; selects namespace and dimensions.
        metric: Name of the metric in its namespace.
        statistic: How the measurements of a minute become one value.
        above: Whether values above the threshold are wrong (True), or those below it (False).
        threshold: The last value that is right, in the metric's unit.
        minutes: For how many minutes in a row the values must be wrong before the alarm goes off.
        advice: What whoever is alerted should know and do; becomes the alarm's description.
        rolls_back: Whether a deployment during which the alarm goes off is undone.
        silence_is_wrong: Whether a minute without a value counts as wrong; else it counts as right.
    """

    name: str
    source: Literal["targets", "balancer", "service", "database"]
    metric: str
    statistic: Literal["Average", "Maximum", "Minimum", "Sum"]
    above: bool
    threshold: float
    minutes: int
    advice: str
    rolls_back: bool = False
    silence_is_wrong: bool = False


NAMESPACES = {
    "targets": "AWS/NetworkELB",
    "balancer": "AWS/NetworkELB",
    "service": "AWS/ECS",
    "database": "AWS/RDS",
}
"""The CloudWatch namespace of each source's metrics."""


def alarms(config: StackConfig) -> list[Alarm]:
    """Returns every alarm of a stack.

    Each row: name, source, metric, statistic, above, threshold, minutes. Utilizations are percent, `CommitLatency` and
    `AuroraReplicaLagMaximum` milliseconds, the rest are counts.
    """
    return [
        Alarm(
            "unready-tasks", "targets", "UnHealthyHostCount", "Maximum", True, 0, 3,
            "A task fails the health check on /readyz. Read the service's log and events; is the database up?",
            rolls_back=True,
        ),
        Alarm(
            "too-few-tasks", "targets", "HealthyHostCount", "Minimum", False, config.service.tasks, 5,
            "Fewer tasks are ready than service.tasks asks for. Look at the stopped tasks' reasons.",
            silence_is_wrong=True,
        ),
        Alarm(
            "tls-failures", "balancer", "ClientTLSNegotiationErrorCount", "Sum", True, 100, 5,
            "Clients fail the TLS handshake: an old client, an expired certificate, or somebody probing.",
        ),
        Alarm(
            "task-memory", "service", "MemoryUtilization", "Maximum", True, 85, 10,
            "A task is close to being killed for memory. Lower streams_per_task or give it more.",
            rolls_back=True,
        ),
        Alarm(
            "task-cpu", "service", "CPUUtilization", "Average", True, 85, 15,
            "The tasks are short of processor and scaling did not help. Raise tasks_limit.",
        ),
        Alarm(
            "database-capacity", "database", "ACUUtilization", "Average", True, 90, 10,
            "The database is at its capacity limit. Raise acu_max, and look at the slow query log.",
        ),
        Alarm(
            "database-commits", "database", "CommitLatency", "Average", True, 50, 10,
            "Commits take more than 50 ms, and with them acknowledgments. Look at the slow query log.",
        ),
        Alarm(
            "database-connections", "database", "DatabaseConnections", "Maximum", True, 400, 5,
            "More connections than the pools of the tasks should open. Look for tasks that do not end.",
        ),
        Alarm(
            "database-replica", "database", "AuroraReplicaLagMaximum", "Maximum", True, 1000, 5,
            "The reader is more than a second behind; a failover would take longer.",
        ),
    ]  # fmt: skip


class Alarms(pulumi.ComponentResource):
    """The alarm resources; `rolling_back` holds the full names of those that roll back a deployment."""

    def __init__(
        self,
        name: str,
        config: StackConfig,
        edge: Edge,
        topic_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Creates the alarms.

        Args:
            name: The stack's, which its cluster, service and database carry too.
            config: Says how many tasks there should be, and whether any runs yet.
            edge: The load balancer that is watched.
            topic_arn: The SNS topic that is told when an alarm goes off, and when it is over.
            opts: Resource options of the component.
        """
        super().__init__("portero:infra:Alarms", name, None, opts)
        balancer: Dimensions = {"LoadBalancer": edge.balancer.arn_suffix}
        targets = edge.target_groups[config.server.grpc_port].arn_suffix
        dimensions: dict[str, Dimensions] = {
            "balancer": balancer,
            "targets": {**balancer, "TargetGroup": targets},
            "service": {"ClusterName": name, "ServiceName": name},
            "database": {"DBClusterIdentifier": name},
        }
        made = {
            alarm.name: cloudwatch.MetricAlarm(
                f"{name}-{alarm.name}",
                name=f"{name}-{alarm.name}",
                alarm_description=alarm.advice,
                namespace=NAMESPACES[alarm.source],
                metric_name=alarm.metric,
                dimensions=dimensions[alarm.source],
                statistic=alarm.statistic,
                comparison_operator="GreaterThanThreshold" if alarm.above else "LessThanThreshold",
                threshold=alarm.threshold,
                period=MINUTE,
                evaluation_periods=alarm.minutes,
                treat_missing_data="breaching" if alarm.silence_is_wrong else "notBreaching",
                # Without an image no task runs, and the alarms about missing tasks would go off.
                actions_enabled=config.service.image_tag is not None,
                alarm_actions=[topic_arn],
                ok_actions=[topic_arn],
                opts=pulumi.ResourceOptions(parent=self),
            )
            for alarm in alarms(config)
        }
        self.rolling_back = [made[alarm.name].name for alarm in alarms(config) if alarm.rolls_back]
        self.register_outputs({})
