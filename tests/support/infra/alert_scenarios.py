"""What each alert is tried with: series under which it alone fires, and a little less of them under which none does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_CALLS = 'portero_engine_calls_total{operation="SearchFacesByImage", code='
_HANDLED = "grpc_server_handled_total{grpc_code="
_NAMES = 'portero_time_to_name_seconds_bucket{named="true", le='


@dataclass(frozen=True, slots=True)
class Scenario:
    """One alert's trial; series are in promtool's notation, a value every 15 seconds.

    Attributes:
        alert: Its name.
        fires: Series under which this alert, and no other, fires.
        rests: Series under which nothing fires.
        minute: When it is looked at.
    """

    alert: str
    fires: Mapping[str, str]
    rests: Mapping[str, str]
    minute: int = 20


def _handled(code: str, failing: str) -> dict[str, str]:
    return {f'{_HANDLED}"OK"}}': "0+1000x100", f'{_HANDLED}"{code}"}}': failing}


def _calls(throttled: str, answered: str, quota: str = "1000x100") -> dict[str, str]:
    return {
        f'{_CALLS}"OK"}}': answered,
        f'{_CALLS}"ENGINE_THROTTLED"}}': throttled,
        'portero_engine_quota{operation="SearchFacesByImage"}': quota,
    }


def _camera(up: str, last: str, credit: str) -> dict[str, str]:
    return {
        'portero_camera_up{camera="door"}': up,
        'portero_camera_last_frame_timestamp_seconds{camera="door"}': last,
        'portero_camera_credit_frames{camera="door"}': credit,
    }


def _standby(state: str, missing: str) -> dict[str, str]:
    return {f'portero_standby_state{{state="{state}"}}': "1x200", "portero_standby_missing_faces": missing}


def _unproven(sessions: str, within_a_quarter: str) -> dict[str, str]:
    share = "portero_attendance_unproven_share"
    return {f"{share}_count": sessions, f'{share}_bucket{{le="0.25"}}': within_a_quarter}


def _shadow(other: str = "0x100", lost: str = "0x100") -> dict[str, str]:
    searches = "portero_shadow_searches_total{outcome="
    return {f'{searches}"same"}}': "0+100x100", f'{searches}"other"}}': other, f'{searches}"only_in_use"}}': lost}


SCENARIOS = (
    Scenario("PorteroTargetDown", {'up{job="portero-server"}': "0x100"}, {'up{job="portero-server"}': "1x100"}),
    Scenario(
        "PorteroDatabaseFailing",
        {'portero_database_units_total{outcome="unavailable"}': "0+1x100", "portero_commit_retries_total": "0+1x100"},
        {'portero_database_units_total{outcome="unavailable"}': "0x60 1x40", "portero_commit_retries_total": "0x100"},
    ),
    Scenario(
        "PorteroDatabaseNotWritable",
        {"portero_database_writable": "0x100"},
        {"portero_database_writable": "1x60 0x2 1x40"},
    ),
    Scenario(
        "PorteroDatabaseSlow",
        {
            'portero_database_unit_seconds_bucket{le="0.5"}': "0+5x100",
            'portero_database_unit_seconds_bucket{le="1.0"}': "0+10x100",
            'portero_database_unit_seconds_bucket{le="+Inf"}': "0+10x100",
        },
        {"portero_database_connections": "7x100", "portero_database_connections_limit": "8x100"},
    ),
    Scenario(
        "PorteroStorageNearlyFull",
        {"portero_database_storage_bytes": "100x100", "portero_database_storage_free_bytes": "15x100"},
        {"portero_database_storage_bytes": "100x100", "portero_database_storage_free_bytes": "25x100"},
    ),
    Scenario("PorteroThrottled", _calls("0+2x100", "0+90x100"), _calls("0+1x100", "0+110x100")),
    Scenario(
        "PorteroQuotaNearlyUsed",
        _calls("0x100", "0+645x100", "50x100"),
        _calls("0x100", "0+555x100", "50x100"),
    ),
    Scenario(
        "PorteroBreakerOpen",
        {'portero_engine_breaker_state{operation="SearchFacesByImage", state="open"}': "1x100"},
        {'portero_engine_breaker_state{operation="SearchFacesByImage", state="closed"}': "1x100"},
    ),
    Scenario(
        "PorteroGalleryLost",
        {'portero_gallery_state{state="lost"}': "1x100", 'portero_gallery_state{state="emptied"}': "0x100"},
        {'portero_gallery_state{state="emptied"}': "0x100", 'portero_gallery_state{state="sound"}': "1x100"},
    ),
    Scenario(
        "PorteroGalleryDiffers",
        {'portero_gallery_state{state="incomplete"}': "1x100"},
        # Somebody repairs it at once.
        {'portero_gallery_state{state="incomplete"}': "0x60 1x10 0x30"},
    ),
    Scenario(
        "PorteroStandbyBehind",
        _standby("kept", "3x200"),
        # While it is filled it lacks faces.
        _standby("preparing", "3x200"),
        minute=40,
    ),
    Scenario(
        "PorteroStandbyBehind",
        _standby("preparing", "1x200") | {'portero_standby_enrollments_total{outcome="failed"}': "0x20 1x180"},
        # Taught by the next `portero faces prepare`.
        _standby("preparing", "1x60 0x140") | {'portero_standby_enrollments_total{outcome="failed"}': "0x20 1x180"},
        minute=40,
    ),
    Scenario("PorteroShadowDisagrees", _shadow(other="0x40 1x60"), _shadow(other="0x100")),
    Scenario("PorteroShadowDisagrees", _shadow(lost="0+3x100"), _shadow(lost="0+1x100")),
    Scenario(
        "PorteroShadowDisagrees",
        _shadow(lost="0+3x100"),
        # It is being filled.
        _shadow(lost="0+3x100") | _standby("preparing", "3x100"),
    ),
    Scenario(
        "PorteroAttendanceUnproven",
        _unproven("3x40 6x60", "3x40 5x60"),
        # As many sessions, and all of them within a quarter.
        _unproven("3x40 6x60", "3x40 6x60"),
    ),
    Scenario(
        "PorteroAttendanceBehind",
        {"portero_attendance_waiting_sessions": "500x100"},
        # Many, and soon decided.
        {"portero_attendance_waiting_sessions": "500x40 20x4 500x56"},
    ),
    Scenario(
        "PorteroWebhookLate",
        {"portero_webhook_oldest_seconds": "601x100"},
        # Of several servers one sends; the others wait for nothing.
        {"portero_webhook_oldest_seconds": "599x100"},
    ),
    Scenario(
        "PorteroExportLate",
        {"portero_export_dates_due": "1x1600"},
        # Frames that come late have a day written again at each round.
        {"portero_export_dates_due": "1x1400 0x10 1x190"},
        minute=380,
    ),
    Scenario("PorteroWebhookGone", {"portero_webhook_stopped": "1x100"}, {"portero_webhook_stopped": "0x100"}),
    Scenario(
        "PorteroSubscriptionLate",
        {'portero_subscription_oldest_seconds{subscription="s1"}': "601x100"},
        {'portero_subscription_oldest_seconds{subscription="s1"}': "599x100"},
    ),
    Scenario(
        "PorteroSubscriptionGone",
        {'portero_subscription_gone{subscription="s1"}': "1x100"},
        {'portero_subscription_gone{subscription="s1"}': "0x100"},
    ),
    Scenario(
        "PorteroSubscriptionsUnreadable",
        {"portero_subscriptions_unreadable": "1x100"},
        {"portero_subscriptions_unreadable": "0x100"},
    ),
    Scenario(
        "PorteroBudgetNearlySpent",
        {'portero_budget_spent_dollars{scope="total"}': "8.5x100", 'portero_budget_dollars{scope="total"}': "10x100"},
        {'portero_budget_spent_dollars{scope="total"}': "7.5x100", 'portero_budget_dollars{scope="total"}': "10x100"},
    ),
    Scenario(
        "PorteroBudgetSpent",
        {'portero_budget_step{scope="total"}': "3x100"},
        {'portero_budget_step{scope="total"}': "2x100"},
    ),
    Scenario(
        "PorteroOverloaded",
        {
            'portero_stage_seconds_bucket{stage="queue", le="0.5"}': "0+5x100",
            'portero_stage_seconds_bucket{stage="queue", le="1.0"}': "0+10x100",
            'portero_stage_seconds_bucket{stage="queue", le="+Inf"}': "0+10x100",
        },
        {'portero_recognitions_dropped_total{reason="queue_full"}': "0+1x100", "portero_streams": "280x100"}
        | {"portero_streams_limit": "300x100"},
    ),
    Scenario("PorteroCameraSilent", _camera("1x100", "10x100", "32x100"), _camera("1x100", "10x100", "0x100")),
    Scenario("PorteroCameraSilent", _camera("0x100", "0x100", "0x100"), _camera("1x100", "0+15x100", "32x100")),
    Scenario(
        "PorteroCameraSilent",
        _camera("1x100", "10x100", "32x100") | {'portero_camera_paused{camera="door"}': "0x100"},
        # Out of opening hours it is asked to pause.
        _camera("1x100", "10x100", "32x100") | {'portero_camera_paused{camera="door"}': "1x100"},
    ),
    Scenario(
        "PorteroCameraClock",
        {'portero_camera_clock_fault{camera="door"}': "1x100"},
        # Set once, and told for a minute.
        {'portero_camera_clock_fault{camera="door"}': "0x70 1x4 0x26"},
    ),
    Scenario(
        "PorteroCameraView",
        {'portero_camera_blind{camera="door",cause="moved"}': "1x100"},
        # Dark all night, and somebody stood before the lens for four minutes.
        {
            'portero_camera_blind{camera="door",cause="dark"}': "1x100",
            'portero_camera_blind{camera="door",cause="covered"}': "0x70 1x4 0x26",
        },
    ),
    Scenario(
        "PorteroSourceDown",
        {'portero_bridge_source_up{camera="door"}': "0x100"},
        {'portero_bridge_source_up{camera="door"}': "1x100"},
    ),
    Scenario(
        "PorteroSpoolFilling",
        {
            'portero_bridge_spool_bytes{camera="door"}': "85x100",
            'portero_bridge_spool_limit_bytes{camera="door"}': "100x100",
        },
        {
            'portero_bridge_spool_bytes{camera="door"}': "0x100",
            'portero_bridge_spool_limit_bytes{camera="door"}': "0x100",
        },
    ),
    Scenario(
        "PorteroGateMissesFaces",
        {'portero_gate_audits_total{missed="true"}': "0+1x300", 'portero_gate_audits_total{missed="false"}': "0+9x300"},
        {
            'portero_gate_audits_total{missed="true"}': "0+1x300",
            'portero_gate_audits_total{missed="false"}': "0+90x300",
        },
        minute=70,
    ),
    # Trials begin at 1970-01-01.
    Scenario(
        "PorteroCertificateExpiring",
        {'portero_tls_not_after_timestamp_seconds{certificate="server"}': "1209600x100"},
        {'portero_tls_not_after_timestamp_seconds{certificate="server"}': "1300000x100"},
    ),
    Scenario(
        "PorteroAuditNotWritten",
        {"portero_audit_failures_total": "0+1x100"},
        {"portero_audit_failures_total": "5x100"},
    ),
    Scenario(
        "PorteroErasedBytesRemain",
        {"portero_erasures_not_overwritten": "1x400"},
        {"portero_erasures_not_overwritten": "1x100 0x300"},
        minute=90,
    ),
    Scenario(
        "PorteroCallsRefused",
        {'portero_call_refusals_total{reason="TOO_MANY_IMAGE_CALLS"}': "0+30x100"},
        {'portero_call_refusals_total{reason="TOO_MANY_IMAGE_CALLS"}': "0+12x100"},
    ),
    Scenario(
        "PorteroReadingsFailing",
        {
            'portero_document_readings_total{outcome="unreadable"}': "0+1x200",
            'portero_document_readings_total{outcome="read"}': "0+0.5x200",
        },
        {
            'portero_document_readings_total{outcome="unreadable"}': "0+0.5x200",
            'portero_document_readings_total{outcome="read"}': "0+1x200",
        },
        minute=40,
    ),
    Scenario("PorteroErrors", _handled("INTERNAL", "0+20x100"), _handled("NOT_FOUND", "0+20x100")),
    Scenario(
        "PorteroNamesLate",
        {f'{_NAMES}"1.0"}}': "0+5x100", f'{_NAMES}"2.0"}}': "0+10x100", f'{_NAMES}"+Inf"}}': "0+10x100"},
        {f'{_NAMES}"1.0"}}': "0+10x100", f'{_NAMES}"2.0"}}': "0+10x100", f'{_NAMES}"+Inf"}}': "0+10x100"},
    ),
    Scenario(
        "PorteroWatermarkStuck",
        {"portero_watermark_age_seconds": "0+15x100"},
        {"portero_watermark_age_seconds": "2x100"},
    ),
    Scenario(
        "PorteroAuthenticationFailures",
        _handled("UNAUTHENTICATED", "0+100x100"),
        _handled("UNAUTHENTICATED", "0+40x100"),
    ),
    Scenario(
        "PorteroUnusualTraffic",
        {"grpc_server_started_total": "0+1x500 0+500x100"},
        {"grpc_server_started_total": "0+100x600"},
        minute=145,
    ),
    Scenario(
        "PorteroFloodOfCalls",
        {'portero_wasted_calls_total{waste="canceled"}': "0+3000x100"},
        {'portero_wasted_calls_total{waste="open"}': "0+750x100"},
    ),
    Scenario(
        "PorteroFloodOfCalls",
        {"portero_flooding_connections_closed_total": "0+1x100"},
        {"portero_flooding_connections_closed_total": "0x50 1x50"},
    ),
)

DATABASE_STOPPED = {
    'portero_database_units_total{outcome="unavailable"}': "0+1x100",
    "portero_commit_retries_total": "0+1x100",
    "portero_audit_failures_total": "0+1x100",
    "portero_watermark_age_seconds": "0+15x100",
    **_handled("UNAVAILABLE", "0+500x100"),
    **_camera("1x100", "10x100", "0x100"),
}
"""What a stopped database does to all series at once."""
