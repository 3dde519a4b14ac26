"""The dashboard *Database and process*: the resources that the server uses."""

from __future__ import annotations

from portero_infra.dashboards.model import Dashboard, Limits, Look, Panel, Query, Section, Unit
from portero_infra.dashboards.queries import percentile, rate

_NEVER = Limits(1e9, 1e12)
_SERVER = " and on (instance) portero_build_info"
"""Processes of the server only, whatever the scrape's job is called."""

_DATABASE = Section(
    "Does the database keep up?",
    (
        Panel(
            "How long does a commit take?",
            (
                Query(percentile(0.5, "portero_stage_seconds", where='stage="commit"'), "half of them"),
                Query(percentile(0.99, "portero_stage_seconds", where='stage="commit"'), "99 %"),
            ),
            Unit.SECONDS,
            Limits(0.05, 0.25),
        ),
        Panel(
            "How many streams share a commit?",
            (Query(percentile(0.5, "portero_commit_streams"), "half of them"),),
            Unit.NUMBER,
            _NEVER,
        ),
        Panel(
            "How do units of work end?",
            (Query(rate("portero_database_units_total", "outcome"), "{{outcome}}"),),
            Unit.A_SECOND,
            _NEVER,
        ),
        Panel(
            "How long does a unit of work take?",
            (Query(percentile(0.95, "portero_database_unit_seconds"), "95 %"),),
            Unit.SECONDS,
            Limits(0.1, 0.5),
        ),
        Panel(
            "How often is work repeated?",
            (
                Query(rate("portero_database_retries_total"), "units: deadlocks, lost connections"),
                Query(rate("portero_commit_retries_total"), "commits: no database"),
            ),
            Unit.A_SECOND,
            Limits(0.1, 1),
        ),
        Panel(
            "How many connections are in use?",
            (
                Query("portero_database_connections", "{{instance}}"),
                Query("portero_database_connections_limit", "limit of {{instance}}"),
            ),
            Unit.NUMBER,
            _NEVER,
        ),
        Panel(
            "How full is the database's disk?",
            (
                Query(
                    "max(1 - portero_database_storage_free_bytes / (portero_database_storage_bytes > 0)) or vector(0)"
                ),
            ),
            Unit.RATIO,
            Limits(0.7, 0.8),
            Look.NUMBER,
            note="0 with a database server: it watches its own.",
        ),
        Panel("How many faces are enrolled?", (Query("max(portero_gallery_faces)"),), Unit.NUMBER, _NEVER, Look.NUMBER),
        Panel(
            "How many faces does the model not know?",
            (Query("max(portero_gallery_faces_of_other_models)"),),
            Unit.NUMBER,
            Limits(1, 1e12),
            Look.NUMBER,
            note="Enrolled with another engine or face model, and not compared: enroll these people again.",
        ),
        Panel(
            "Does the engine hold the stored faces?",
            (
                Query("max(portero_gallery_missing_faces)", "missing in the collection"),
                Query("max(portero_gallery_foreign_faces)", "stored nowhere"),
            ),
            Unit.NUMBER,
            Limits(1, 1e12),
            note="Compared every hour, and when counts differ. `portero faces check` says whom it concerns.",
        ),
        Panel(
            "How long do events wait for the webhook?",
            (Query("max(portero_webhook_oldest_seconds)"),),
            Unit.SECONDS,
            Limits(60, 600),
            Look.NUMBER,
            note="0 without a webhook.",
        ),
        Panel("How many watch the sightings?", (Query("sum(portero_watchers)"),), Unit.NUMBER, _NEVER, Look.NUMBER),
    ),
)

_PROCESS = Section(
    "Do the processes keep up?",
    (
        Panel(
            "How late is the event loop?",
            (Query(percentile(0.95, "portero_event_loop_lag_seconds", "instance"), "{{instance}}"),),
            Unit.SECONDS,
            Limits(0.05, 0.25),
            note="95th percentile.",
        ),
        Panel(
            "How busy are the processors?",
            (Query(f"rate(process_cpu_seconds_total[$__rate_interval]){_SERVER}", "{{instance}}"),),
            Unit.NUMBER,
            _NEVER,
            note="Processors in use by the server's own process, without its workers.",
        ),
        Panel(
            "How much memory is taken?",
            (
                Query(f"process_resident_memory_bytes{_SERVER}", "{{instance}}"),
                Query("portero_worker_resident_memory_bytes", "workers of {{instance}}"),
            ),
            Unit.BYTES,
            Limits(2e9, 4e9),
        ),
        Panel("How many workers live?", (Query("portero_worker_processes", "{{instance}}"),), Unit.NUMBER, _NEVER),
        Panel(
            "How many streams are open?",
            (
                Query("portero_streams", "{{instance}}"),
                Query("portero_streams_limit", "limit of {{instance}}"),
            ),
            Unit.NUMBER,
            _NEVER,
        ),
        Panel(
            "Do bridges have to wait?",
            (
                Query("sum(portero_streams_without_credit)", "streams without credit"),
                Query("sum(portero_credit_frames)", "frames that may still be sent"),
            ),
            Unit.NUMBER,
            _NEVER,
        ),
        Panel(
            "How much waits to be looked at?", (Query("portero_buffered_bytes", "{{instance}}"),), Unit.BYTES, _NEVER
        ),
        Panel(
            "How do streams end?",
            (Query(rate("portero_sessions_total", "ending"), "{{ending}}"),),
            Unit.A_SECOND,
            _NEVER,
        ),
        Panel(
            "How many files are open?",
            (Query(f"process_open_fds / process_max_fds{_SERVER}", "{{instance}}"),),
            Unit.RATIO,
            Limits(0.7, 0.9),
        ),
        Panel(
            "What runs?",
            (Query("portero_build_info", "{{version}} with {{engine}} on Python {{python}}"),),
            Unit.NUMBER,
            _NEVER,
            Look.BARS,
            width=12,
            height=4,
        ),
        Panel(
            "Which bridges stream?",
            (Query("sum by (agent) (portero_bridge_streams)", "{{agent}}"),),
            Unit.NUMBER,
            _NEVER,
            Look.BARS,
            width=12,
            height=4,
        ),
    ),
)

PROCESS = Dashboard(
    "portero-process", "Portero: Database and process", "What the server stands on.", (_DATABASE, _PROCESS)
)
