"""Common PromQL expressions of the dashboards."""

from __future__ import annotations

import re

WINDOW = "$__rate_interval"
INSTANCES = 'instance=~"$instance"'
"""Matches the servers that the reader of a dashboard chose."""

# A bridge is another instance than its server: only its cameras are chosen. portero_bridge_streams is the server's.
_SERVERS_SERIES = re.compile(r"\b((?:portero_(?!bridge_(?!streams\b))|grpc_server_|process_)\w+)(?:\{([^}]*)\})?")


def at_instances(expression: str) -> str:
    """Returns an expression whose series are those of the chosen servers."""
    return _SERVERS_SERIES.sub(
        lambda found: f"{found[1]}{{{', '.join(part for part in (found[2], INSTANCES) if part)}}}", expression
    )


def rate(series: str, *by: str) -> str:
    """Returns an expression for events per second, summed over all servers, by labels."""
    return f"{_sum(by)}(rate({series}[{WINDOW}]))"


def percentile(ratio: float, histogram: str, *by: str, where: str = "") -> str:
    """Returns an expression for a percentile of a histogram; 0 where nothing happened.

    Args:
        ratio: 0..1.
        histogram: Name, without _bucket.
        by: Labels to keep apart.
        where: Further matchers, as 'stage="ack"'.
    """
    kept = ", ".join(("le", *by))
    value = f"histogram_quantile({ratio:g}, sum by ({kept}) (rate({histogram}_bucket{{{where}}}[{WINDOW}])))"
    return f"({value} >= 0 or 0 * {_sum(by)}({histogram}_count{{{where}}}))"


def share(part: str, whole: str) -> str:
    """Returns an expression for one rate as a share of another; 0 where there is neither."""
    return f"({part}) / ({whole} > 0) or 0 * ({whole})"


def _sum(by: tuple[str, ...]) -> str:
    return f"sum by ({', '.join(by)}) " if by else "sum "
