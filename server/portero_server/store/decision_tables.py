"""The tables of what decisions saw, and of what people say of them; `schema.py` has most others."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer

from portero_server.store.tables import required, table
from portero_server.store.types import Binary, Display, Key, Name, UtcTime

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
    # What the best candidate's similarity had to exceed, since a person denied an equally similar face; 0: nothing.
    required("demanded", Double),
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

sighting_reviews = table(
    "sighting_reviews",
    Column("review_id", Name, primary_key=True),
    required("sighting_id", Name),
    required("camera_id", Name),
    # See ReviewAction in reviews.py.
    required("action", Name),
    # Whom the sighting shows, or does not show; and whom it showed before. A review goes with either of them, also
    # where a server of an earlier version removes them.
    *(
        Column(name, Name, ForeignKey("people.person_id", name=f"fk_sighting_reviews_{name}", ondelete="CASCADE"))
        for name in ("person_id", "decided_person_id")
    ),
    required("decided_name", Display),
    *(required(f"decided_{name}", Double) for name in ("similarity", "margin")),
    # How many tracks the sighting had.
    required("decided_tracks", Integer),
    required("note", Display),
    # Subjects of credentials.
    required("reviewer", Key),
    required("reviewed_at", UtcTime),
    Column("undone_at", UtcTime),
    Column("undone_by", Key),
    # What is demanded of the person at the camera from now on; null: nothing.
    Column("demand_engine", Name),
    Column("demand_similarity", Double),
    Column("demand_until", UtcTime),
    Index("ix_sighting_reviews_sighting", "sighting_id", "reviewed_at"),
    Index("ix_sighting_reviews_time", "reviewed_at", "review_id"),
    Index("ix_sighting_reviews_person", "person_id", "review_id"),
    Index("ix_sighting_reviews_decided", "decided_person_id"),
    Index("ix_sighting_reviews_demand", "demand_until"),
)

review_pictures = table(
    "review_pictures",
    # The track goes with its sighting, also where a server of an earlier version removes it.
    Column(
        "track_id",
        Key,
        ForeignKey("sighting_tracks.track_id", name="fk_review_pictures_track", ondelete="CASCADE"),
        primary_key=True,
    ),
    # Whom it most likely shows; null: nobody is much like the face. It goes with them.
    Column("person_id", Name, ForeignKey("people.person_id", name="fk_review_pictures_person", ondelete="CASCADE")),
    # Which of a sighting's pictures is the best one; see PictureRank in review_pictures.py.
    *(required(name, Double) for name in ("similarity", "quality")),
    required("taken_at", UtcTime),
    # Its retention counts from here.
    required("kept_at", UtcTime),
    # Bytes of the next one, which are not read to be counted.
    required("size", Integer),
    # A JPEG file, sealed for its track with a key that is not in the database.
    required("sealed", Binary),
    Index("ix_review_pictures_person", "person_id"),
    Index("ix_review_pictures_kept", "kept_at"),
)
