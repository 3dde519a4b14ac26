"""Log groups: encrypted, with a configured retention."""

from __future__ import annotations

import pulumi
from pulumi_aws import cloudwatch, ec2

from portero_infra.config import Account
from portero_infra.policies import allow, role


class Logs(pulumi.ComponentResource):
    """The groups of the server, of the number of streams and, if wanted, of the network's flows."""

    def __init__(
        self,
        name: str,
        account: Account,
        days: int,
        key_arn: pulumi.Input[str],
        flows_of: pulumi.Input[str] | None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("portero:infra:Logs", name, None, opts)
        self._name, self._days, self._key_arn = name, days, key_arn
        self.server = self._group("server")
        self.streams = self._group("streams")
        if flows_of is not None:
            self._record_flows(account, flows_of)
        self.register_outputs({"server": self.server.name})

    def _group(self, kind: str) -> cloudwatch.LogGroup:
        return cloudwatch.LogGroup(
            f"{self._name}-{kind}",
            name=f"/portero/{self._name}/{kind}",
            retention_in_days=self._days,
            kms_key_id=self._key_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _record_flows(self, account: Account, vpc_id: pulumi.Input[str]) -> None:
        group = self._group("flows")
        writes = allow(
            ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
            [group.arn, group.arn.apply(lambda arn: f"{arn}:*")],
        )
        name = f"{self._name}-flows"
        ec2.FlowLog(
            name,
            vpc_id=vpc_id,
            # What was refused is what an investigation asks for; what was accepted is mostly video.
            traffic_type="REJECT",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role(name, "vpc-flow-logs.amazonaws.com", account.id, [writes], self),
            max_aggregation_interval=600,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )
