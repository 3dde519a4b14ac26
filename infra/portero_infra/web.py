"""The entry point of a web console, off by default: an application load balancer behind a firewall (WAF).

A WAF cannot stand in front of a network load balancer, so browsers get their own. The console's service registers its
tasks in `target_group_arn` and joins the group `console`.
"""

from __future__ import annotations

import pulumi
from pulumi_aws import ec2, lb, route53, vpc, wafv2

from portero_infra.certificate import Certificate
from portero_infra.config import Account
from portero_infra.config import Web as WebConfig
from portero_infra.edge import TLS_POLICIES
from portero_infra.firewall import HTTPS
from portero_infra.network import Network

MANAGED_RULES = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet")


class Web(pulumi.ComponentResource):
    """The load balancer with its certificate and name, and the firewall in front of it."""

    def __init__(
        self,
        name: str,
        account: Account,
        config: WebConfig,
        domain: str,
        zone_id: pulumi.Input[str],
        network: Network,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("portero:infra:Web", name, None, opts)
        self._name = f"{name}-web"
        self._child = pulumi.ResourceOptions(parent=self)
        host = f"{config.name}.{domain}"
        certificate = Certificate(self._name, host, zone_id, self._child)
        outside, self.console = self._groups(network, config.port)
        balancer = lb.LoadBalancer(
            self._name,
            name=self._name,
            load_balancer_type="application",
            subnets=network.public_ids,
            security_groups=[outside.id],
            drop_invalid_header_fields=True,
            enable_deletion_protection=account.production,
            opts=self._child,
        )
        target = lb.TargetGroup(
            self._name,
            vpc_id=network.vpc_id,
            target_type="ip",
            protocol="HTTP",
            port=config.port,
            health_check={"path": config.health_path, "matcher": "200-399"},
            deregistration_delay=10,
            opts=self._child,
        )
        lb.Listener(
            self._name,
            load_balancer_arn=balancer.arn,
            port=HTTPS,
            protocol="HTTPS",
            certificate_arn=certificate.arn,
            # Browsers of a hotel's front desk may lack TLS 1.3.
            ssl_policy=TLS_POLICIES["1.2"],
            default_actions=[{"type": "forward", "target_group_arn": target.arn}],
            opts=self._child,
        )
        route53.Record(
            self._name,
            zone_id=zone_id,
            name=host,
            type="A",
            aliases=[{"name": balancer.dns_name, "zone_id": balancer.zone_id, "evaluate_target_health": True}],
            opts=self._child,
        )
        firewall = self._firewall(config)
        wafv2.WebAclAssociation(self._name, resource_arn=balancer.arn, web_acl_arn=firewall.arn, opts=self._child)
        self.target_group_arn = target.arn
        self.register_outputs({"target_group_arn": target.arn, "host": host})

    def _groups(self, network: Network, port: int) -> tuple[ec2.SecurityGroup, ec2.SecurityGroup]:
        outside, console = (
            ec2.SecurityGroup(
                f"{self._name}-{role}",
                vpc_id=network.vpc_id,
                description=description,
                tags={"Name": f"{self._name}-{role}"},
                opts=self._child,
            )
            for role, description in (("edge", "The web load balancer"), ("console", "The web console"))
        )
        vpc.SecurityGroupIngressRule(
            f"{self._name}-clients",
            security_group_id=outside.id,
            description="Browsers",
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            cidr_ipv4="0.0.0.0/0",
            opts=self._child,
        )
        vpc.SecurityGroupEgressRule(
            f"{self._name}-to-console",
            security_group_id=outside.id,
            referenced_security_group_id=console.id,
            description="Load balancer to console",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._child,
        )
        vpc.SecurityGroupIngressRule(
            f"{self._name}-from-edge",
            security_group_id=console.id,
            referenced_security_group_id=outside.id,
            description="Load balancer to console",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._child,
        )
        return outside, console

    def _firewall(self, config: WebConfig) -> wafv2.WebAcl:
        limit: wafv2.WebAclRuleArgsDict = {
            "name": "rate",
            "priority": 0,
            "action": {"block": {}},
            "statement": {"rate_based_statement": {"limit": config.requests_per_5_minutes, "aggregate_key_type": "IP"}},
            "visibility_config": _visible("rate"),
        }
        managed: list[wafv2.WebAclRuleArgsDict] = [
            {
                "name": rules,
                "priority": priority,
                "override_action": {"none": {}},
                "statement": {"managed_rule_group_statement": {"vendor_name": "AWS", "name": rules}},
                "visibility_config": _visible(rules),
            }
            for priority, rules in enumerate(MANAGED_RULES, start=1)
        ]
        return wafv2.WebAcl(
            self._name,
            scope="REGIONAL",
            default_action={"allow": {}},
            rules=[limit, *managed],
            visibility_config=_visible(self._name),
            opts=self._child,
        )


def _visible(metric: str) -> wafv2.WebAclVisibilityConfigArgsDict:
    return {"metric_name": metric, "cloudwatch_metrics_enabled": True, "sampled_requests_enabled": False}
