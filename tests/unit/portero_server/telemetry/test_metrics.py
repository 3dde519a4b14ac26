"""What is declared is documented, well named and bounded."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from prometheus_client import generate_latest

from portero_bridge import metrics_reference as bridge_reference
from portero_bridge.metrics import BridgeMetrics
from portero_server.domain.detection.glimpse import ViewState
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.reference import metrics_page as metrics_reference
from portero_server.telemetry.camera_metrics import CameraFigures
from portero_server.telemetry.metrics import Metrics
from portero_server.telemetry.process_metrics import resident_memory
from tests.support.processes.prometheus_tools import program

_FIGURES = CameraFigures(5.0, 1.0, 0.1, 2, 0.5, 30, 1)


def _metrics() -> Metrics:
    return Metrics(version="1", engine="scripted")


def _text(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_the_reference_pages_are_up_to_date() -> None:
    """The committed pages are what the declarations give."""
    assert metrics_reference.PAGE.read_text(encoding="utf-8") == metrics_reference.page()
    assert bridge_reference.PAGE.read_text(encoding="utf-8") == bridge_reference.page()


def test_names_keep_to_the_rules() -> None:
    """`promtool check metrics` finds no fault in the names, units and helps of server and bridge."""
    metrics, bridge = _metrics(), BridgeMetrics()
    metrics.rpc.rpc_known("portero.v1.CameraService", "GetCamera", "unary")
    metrics.cameras.roster_is(["door"], 0)
    bridge.camera("door").frame_rejected("not_jpeg")
    for registry in (metrics.registry, bridge.registry):
        done = subprocess.run(
            [program("promtool"), "check", "metrics"], input=generate_latest(registry), capture_output=True, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_every_known_value_of_a_label_exists_from_zero() -> None:
    """Before anything happened, each outcome, reason, stage and lane has its series."""
    text = _text(_metrics())
    for series in (
        'portero_frames_total{outcome="with_faces"} 0.0',
        'portero_frames_missing_total{reason="spool_full"} 0.0',
        'portero_stage_seconds_count{stage="ack"} 0.0',
        'portero_engine_wait_seconds_count{lane="check_in"} 0.0',
        'portero_engine_breaker_state{operation="SearchFacesByImage",state="closed"} 1.0',
        'portero_budget_dollars{scope="total"} +Inf',
    ):
        assert series in text


def test_only_registered_cameras_have_series() -> None:
    """What is told of a camera that is not registered leaves no trace, and a camera that is removed leaves none."""
    metrics = _metrics()
    metrics.cameras.roster_is(["door", "desk"], 0)
    metrics.cameras.frame_settled("invented", FrameOutcome.EMPTY, 1)
    metrics.cameras.billed("invented", 1.0)
    metrics.cameras.named("invented", 0.3)
    metrics.cameras.cameras_are({"door": _FIGURES, "invented": _FIGURES})
    metrics.cameras.roster_is(["door"], 0)
    text = _text(metrics)
    assert 'portero_camera_up{camera="door"} 1.0' in text
    assert "invented" not in text
    assert "desk" not in text


def test_how_soon_people_are_named_is_shown_by_camera() -> None:
    """The times to name of a registered camera are its own series."""
    metrics = _metrics()
    metrics.cameras.roster_is(["door", "desk"], 0)
    metrics.cameras.named("door", 0.4)
    text = _text(metrics)
    assert 'portero_camera_time_to_name_seconds_bucket{camera="door",le="0.5"} 1.0' in text
    assert 'portero_camera_time_to_name_seconds_count{camera="desk"} 0.0' in text


def test_why_a_camera_sees_nothing_is_shown() -> None:
    """Each cause is a series of its own, of registered cameras alone."""
    metrics = _metrics()
    metrics.cameras.roster_is(["door", "desk"], 0)
    metrics.cameras.cameras_are({"door": replace(_FIGURES, view=ViewState.COVERED), "desk": _FIGURES})
    value = metrics.registry.get_sample_value
    shown = {cause: value("portero_camera_blind", {"camera": "door", "cause": cause}) for cause in ("dark", "covered")}
    assert shown == {"dark": 0, "covered": 1}
    assert value("portero_camera_blind", {"camera": "desk", "cause": "moved"}) == 0
    metrics.cameras.roster_is(["desk"], 0)
    assert value("portero_camera_blind", {"camera": "door", "cause": "covered"}) is None


def test_a_closed_stream_is_down_and_its_last_frame_grows_old() -> None:
    """A camera whose stream closed is shown as down, with the time of its last frame as it was."""
    metrics = _metrics()
    metrics.cameras.roster_is(["door"], 3)
    metrics.cameras.cameras_are({"door": _FIGURES})
    metrics.cameras.cameras_are({})
    text = _text(metrics)
    assert 'portero_camera_up{camera="door"} 0.0' in text
    assert 'portero_camera_frame_rate{camera="door"} 0.0' in text
    assert 'portero_camera_last_frame_timestamp_seconds{camera="door"} 1.0' in text
    assert "portero_cameras 4.0" in text
    assert "portero_cameras_unmetered 3.0" in text


@pytest.mark.parametrize("cameras", [300])
def test_a_scrape_of_many_cameras_is_small(cameras: int) -> None:
    """With 300 cameras a scrape is below two megabytes."""
    metrics = _metrics()
    names = [f"camera-with-a-long-name-{number:04}" for number in range(cameras)]
    metrics.cameras.roster_is(names, 0)
    metrics.cameras.cameras_are(dict.fromkeys(names, _FIGURES))
    assert len(_text(metrics)) < 2_000_000


def test_memory_is_that_of_a_process_that_lives() -> None:
    """A process has memory; one that ended has none."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert resident_memory(os.getpid()) > 1_000_000
    assert resident_memory(ended.pid) == 0


def test_budgets_and_breakers_show_what_is_in_force() -> None:
    """A budget has a limit, what is spent and a step; an operation is in exactly one of the breaker's states."""
    metrics = _metrics()
    metrics.money.budget_is("total", limit=10.0, spent=8.5, step=2)
    metrics.engine.operation_changed("DetectText", "open", 12.5)
    text = _text(metrics)
    assert 'portero_budget_spent_dollars{scope="total"} 8.5' in text
    assert 'portero_budget_step{scope="total"} 2.0' in text
    assert 'portero_engine_breaker_state{operation="DetectText",state="open"} 1.0' in text
    assert 'portero_engine_breaker_state{operation="DetectText",state="closed"} 0.0' in text
    assert 'portero_engine_rate_limit{operation="DetectText"} 12.5' in text
