"""The tables of what decisions saw; `schema.py` has most others."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer

from portero_server.store.tables import required, table
from portero_server.store.types import Key, Name, UtcTime

decisions = table(
    "decisions",
    # That of the answer in `recognitions`, which may be kept for another time.
    Column("recognition_id", Key, primary_key=True),
    required("camera_id", Name),
    required("track_id", Key),
    required("captured_at", UtcTime),
    # Who answered, as of `recognitions`.
    required("engine", Name),
    # See Recognition in sightings.py, and DecisionReason in deciding.py.
    *(required(name, Name) for name in ("outcome", "reason")),
    required("shot", Integer),
    required("face_pixels", Integer),
    required("quality", Double),
    # How many shots before said the same, and with how many people the face was compared.
    *(required(name, Integer) for name in ("agreeing", "people")),
    # How many candidates were stored with it: where one is missing, that person is gone.
    required("candidates", Integer),
    # The policy; see MatchPolicy in detections.py.
    *(
        required(name, Double)
        for name in ("threshold", "margin", "sure_by", "sure_by_tenfold", "sure_quality", "confusable_margin")
    ),
    Index("ix_decisions_time", "captured_at", "recognition_id"),
    Index("ix_decisions_camera", "camera_id", "captured_at", "recognition_id"),
    Index("ix_decisions_track", "track_id", "captured_at"),
)

decision_candidates = table(
    "decision_candidates",
    Column(
        "recognition_id",
        Key,
        ForeignKey("decisions.recognition_id", name="fk_decision_candidates_decision", ondelete="CASCADE"),
        primary_key=True,
    ),
    # Goes with the person, also where a server of an earlier version removes them.
    Column(
        "person_id",
        Name,
        ForeignKey("people.person_id", name="fk_decision_candidates_person", ondelete="CASCADE"),
        primary_key=True,
    ),
    # 1 is the best.
    required("place", Integer),
    required("similarity", Double),
    # Whether they are known to be easily taken for the best one.
    required("confusable", Boolean),
    Index("ix_decision_candidates_person", "person_id", "recognition_id"),
)
