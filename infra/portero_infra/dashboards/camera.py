"""The dashboard *Camera*: one camera's frames, from capture to database."""

from __future__ import annotations

from portero_infra.dashboards.model import Dashboard, Limits, Look, Panel, Query, Section, Unit
from portero_infra.dashboards.queries import rate

_ONE = '{camera="$camera"}'
_NEVER = Limits(1e9, 1e12)


def _now(question: str, metric: str, unit: Unit, limits: Limits, note: str = "") -> Panel:
    query = Query(f"max({metric}{_ONE})")
    return Panel(question, (query,), unit, limits, Look.NUMBER, width=4, height=4, note=note)


_SERVER = Section(
    "What does the server see of it?",
    (
        _now("Does it stream?", "portero_camera_up", Unit.STATE, Limits(1, 1, falling=True)),
        _now("How many frames come?", "portero_camera_frame_rate", Unit.FRAMES_A_SECOND, Limits(1, 0.2, falling=True)),
        Panel(
            "How long ago was the last frame?",
            (Query(f"time() - max(portero_camera_last_frame_timestamp_seconds{_ONE})"),),
            Unit.SECONDS,
            Limits(10, 60),
            Look.NUMBER,
            width=4,
            height=4,
        ),
        _now("How late do frames arrive?", "portero_camera_capture_lag_seconds", Unit.SECONDS, Limits(0.5, 2)),
        _now(
            "How old is its oldest unsaved frame?", "portero_camera_watermark_age_seconds", Unit.SECONDS, Limits(3, 10)
        ),
        _now("How many faces are followed?", "portero_camera_open_tracks", Unit.NUMBER, _NEVER),
        _now(
            "Is its bridge asked to pause?",
            "portero_camera_paused",
            Unit.NUMBER,
            _NEVER,
            "1: out of hours, or no money.",
        ),
        _now("How far is its bridge?", "portero_camera_network_delay_seconds", Unit.SECONDS, Limits(0.5, 2)),
        Panel(
            "Why are bridges asked for less?",
            (Query("sum by (cause) (portero_streams_steered)", "{{cause}}"),),
            Unit.NUMBER,
            _NEVER,
            width=8,
            height=4,
            note="Of all cameras.",
        ),
        Panel(
            "How often is something asked of bridges?",
            (Query(rate("portero_directives_total", "kind"), "{{kind}}"),),
            Unit.A_SECOND,
            _NEVER,
            width=8,
            height=4,
            note="Of all cameras.",
        ),
        Panel(
            "What becomes of its frames?",
            (Query(rate(f"portero_camera_frames_total{_ONE}", "outcome"), "{{outcome}}"),),
            Unit.FRAMES_A_SECOND,
            _NEVER,
            width=12,
        ),
        Panel(
            "How many frames are not durable yet?",
            (Query(f"max(portero_camera_watermark_lag_frames{_ONE})", "frames"),),
            Unit.NUMBER,
            Limits(32, 128),
            width=6,
        ),
        Panel(
            "How many frames may its bridge send?",
            (Query(f"max(portero_camera_credit_frames{_ONE})", "credit"),),
            Unit.NUMBER,
            Limits(8, 1, falling=True),
            width=6,
            note="At 0 the bridge waits, or drops and says so.",
        ),
        Panel(
            "What does it cost a day?",
            (Query(f"86400 * {rate(f'portero_camera_spent_dollars_total{_ONE}')}", "at this rate"),),
            Unit.DOLLARS,
            Limits(2, 10),
            width=12,
        ),
        Panel(
            "Which cameras cost most?",
            (Query("topk(10, sum by (camera) (portero_camera_spent_dollars_total))", "{{camera}}"),),
            Unit.DOLLARS,
            Limits(2, 10),
            Look.BARS,
            width=12,
            note="Since the servers started.",
        ),
    ),
)

_BRIDGE = Section(
    "What does its bridge see of it?",
    (
        Panel(
            "Does the camera give images?",
            (Query(f"max(portero_bridge_source_up{_ONE})"),),
            Unit.STATE,
            Limits(1, 1, falling=True),
            Look.NUMBER,
            width=4,
            height=4,
        ),
        Panel(
            "How many images does it give, and how many are sent?",
            (
                Query(f"max(portero_bridge_source_fps{_ONE})", "from the camera"),
                Query(rate(f"portero_bridge_frames_sent_total{_ONE}"), "sent"),
            ),
            Unit.FRAMES_A_SECOND,
            _NEVER,
            width=10,
        ),
        Panel(
            "How much does it send?",
            (Query(rate(f"portero_bridge_sent_bytes_total{_ONE}"), "JPEG"),),
            Unit.BYTES_A_SECOND,
            _NEVER,
            width=10,
        ),
        Panel(
            "How often do connections break?",
            (Query(rate(f"portero_bridge_reconnects_total{_ONE}", "peer"), "{{peer}}"),),
            Unit.A_SECOND,
            Limits(0.02, 0.2),
        ),
        Panel(
            "Which frames will never be sent?",
            (Query(rate(f"portero_bridge_gap_frames_total{_ONE}", "reason"), "{{reason}}"),),
            Unit.FRAMES_A_SECOND,
            Limits(0.1, 1),
        ),
        Panel(
            "How full is the spool?",
            (Query(f"max(portero_bridge_spool_bytes{_ONE} / clamp_min(portero_bridge_spool_limit_bytes{_ONE}, 1))"),),
            Unit.RATIO,
            Limits(0.5, 0.8),
        ),
    ),
)

CAMERA = Dashboard(
    "portero-camera", "Portero: Camera", "One camera's life, from the lens to the database.", (_SERVER, _BRIDGE), True
)
