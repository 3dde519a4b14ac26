"""What the servers of all runs are told, and what a decision may take."""

from __future__ import annotations

DEADLINE = 2.0
"""Seconds from a face's first frame to its first decision, whatever is known."""
ON_ITS_WAY = 1.0
"""What that decision may take to the bridge: a tick, a commit, the network; seconds."""

SETTINGS = {
    "decision_deadline": str(DEADLINE),
    # No time limit is to be met because this machine is busy.
    "rekognition_read_timeout": "6",
    "database_timeout": "30",
    # Visits alone make calls: faces are not remembered, and nothing is searched to audit the gate.
    "remember_people": "0",
    "remember_strangers": "0",
    "gate_audit_share": "0",
    "gate_audit_interval": "0",
}
"""PORTERO_… variables without prefix."""
