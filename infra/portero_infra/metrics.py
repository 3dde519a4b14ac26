"""How metrics reach Grafana: DNS discovery of tasks in the VPC and, optionally, Managed Prometheus."""

from __future__ import annotations

import pulumi
from pulumi_aws import amp, servicediscovery


class Metrics(pulumi.ComponentResource):
    """A private DNS name that lists every task, and a Managed Prometheus workspace.

    A Prometheus of the operator's own resolves the name (`dns_sd_configs`) and scrapes the admin port;
    the collector beside each server writes to the workspace, which Grafana reads.
    """

    def __init__(
        self,
        name: str,
        vpc_id: pulumi.Input[str],
        workspace: bool,
        key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("portero:infra:Metrics", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = servicediscovery.PrivateDnsNamespace(name, name=f"{name}.internal", vpc=vpc_id, opts=child)
        discovery = servicediscovery.Service(
            name,
            name="server",
            dns_config={
                "namespace_id": namespace.id,
                "routing_policy": "MULTIVALUE",
                "dns_records": [{"type": "A", "ttl": 15}],
            },
            opts=child,
        )
        self.registry_arn = discovery.arn
        self.workspace = amp.Workspace(name, alias=name, kms_key_arn=key_arn, opts=child) if workspace else None
        self.register_outputs({"registry_arn": self.registry_arn})

    @property
    def remote_write_url(self) -> pulumi.Output[str | None]:
        """The URL that samples are written to, or None without a workspace."""
        if self.workspace is None:
            return pulumi.Output.from_input(None)
        return self.workspace.prometheus_endpoint.apply(lambda endpoint: f"{endpoint}api/v1/remote_write")
