"""The Grafana dashboards, as code; `python -m portero_infra.dashboards` writes them."""
