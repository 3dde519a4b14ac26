"""The configuration of the metrics collector that runs beside the server, as plain data."""

from __future__ import annotations

import json
from typing import Any

from portero_infra.config import StackConfig

NAMESPACE = "Portero"
STREAMS_METRIC = "portero_streams"
"""The server's gauge of open streams; CloudWatch gets this one metric, for scaling."""


def collector_config(config: StackConfig, service: str, log_group: str, remote_write_url: str | None) -> str:
    """Returns the collector's configuration as JSON, which is valid YAML.

    Args:
        config: The stack.
        service: The service's name, a label on every sample.
        log_group: Where the number of streams goes, as an embedded metric.
        remote_write_url: Where all samples go, if anywhere.
    """
    exporters: dict[str, Any] = {
        "awsemf": {
            "region": config.account.region,
            "namespace": NAMESPACE,
            "log_group_name": log_group,
            "dimension_rollup_option": "NoDimensionRollup",
            "metric_declarations": [{"dimensions": [["Service"]], "metric_name_selectors": [f"^{STREAMS_METRIC}$"]}],
        }
    }
    pipelines: dict[str, Any] = {
        "metrics/scaling": {
            "receivers": ["prometheus"],
            "processors": ["filter/scaling"],
            "exporters": ["awsemf"],
        }
    }
    extensions: dict[str, Any] = {}
    if remote_write_url is not None:
        extensions["sigv4auth"] = {"region": config.account.region, "service": "aps"}
        exporters["prometheusremotewrite"] = {
            "endpoint": remote_write_url,
            "auth": {"authenticator": "sigv4auth"},
            # Every collector scrapes 127.0.0.1: without the task's own labels the series of several tasks collide.
            "resource_to_telemetry_conversion": {"enabled": True},
        }
        pipelines["metrics/all"] = {
            "receivers": ["prometheus"],
            "processors": ["resourcedetection"],
            "exporters": ["prometheusremotewrite"],
        }
    return json.dumps(
        {
            "extensions": extensions,
            "receivers": {"prometheus": {"config": {"scrape_configs": [_scrape(config, service)]}}},
            "processors": {
                # aws.ecs.task.arn and others, from the task's metadata.
                "resourcedetection": {"detectors": ["ecs"], "override": False},
                "filter/scaling": {"metrics": {"include": {"match_type": "strict", "metric_names": [STREAMS_METRIC]}}},
            },
            "exporters": exporters,
            "service": {"extensions": list(extensions), "pipelines": pipelines},
        }
    )


def _scrape(config: StackConfig, service: str) -> dict[str, Any]:
    target = f"127.0.0.1:{config.server.admin_port}"
    return {
        "job_name": "portero",
        "scrape_interval": "30s",
        "static_configs": [{"targets": [target], "labels": {"Service": service}}],
    }
