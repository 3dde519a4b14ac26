"""The tables of people and their faces; `schema.py` has the others."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, Text

from portero_server.store.tables import box, required, table
from portero_server.store.types import Binary, Display, Folded, Key, Labels, Name, UtcTime

people = table(
    "people",
    Column("person_id", Name, primary_key=True),
    required("display_name", Display),
    # The display name without case, made by Python: databases fold the case of accented letters differently.
    required("search_name", Folded),
    required("labels", Labels),
    required("created_at", UtcTime),
    required("updated_at", UtcTime),
)

# People who turned out to be somebody else who is enrolled: nobody gets their ids again.
merged_people = table(
    "merged_people",
    Column("merged_id", Name, primary_key=True),
    # Who they are. A row goes with the person, also where a server of an earlier version removes them.
    required("person_id", Name, ForeignKey("people.person_id", name="fk_merged_people_person", ondelete="CASCADE")),
    required("merged_at", UtcTime),
    # What was moved, JSON; see MergeCounts in merging.py.
    required("counts", Text),
    Index("ix_merged_people_person", "person_id"),
)

faces = table(
    "faces",
    Column("face_id", Name, primary_key=True),
    required("person_id", Name, ForeignKey("people.person_id", name="fk_faces_person")),
    *box(),
    *(required(f"quality_{part}", Double) for part in ("size", "frontality", "sharpness", "brightness")),
    required("engine", Name),
    required("model_version", Name),
    Column("embedding", Binary),
    Column("external_id", Key),
    required("created_at", UtcTime),
    # The face that the same photograph taught before, in another collection or model; null: none is known. Who deletes
    # one of them means the photograph, and so both.
    Column("twin_of", Name),
    # The faces of a person, oldest first; and a model's whole gallery in chunks.
    Index("ix_faces_person", "person_id", "created_at", "face_id"),
    Index("ix_faces_gallery", "engine", "model_version", "face_id"),
    Index("ix_faces_twin", "twin_of"),
)

# Of two people who may be taken for each other, the first is the one whose id comes first.
look_alikes = table(
    "look_alikes",
    *(
        Column(
            f"{which}_face_id",
            Name,
            ForeignKey("faces.face_id", name=f"fk_look_alikes_{which}_face", ondelete="CASCADE"),
            primary_key=True,
        )
        for which in ("first", "second")
    ),
    required("first_person_id", Name),
    required("second_person_id", Name),
    required("similarity", Double),
    required("found_at", UtcTime),
    # Whether two people are a pair, and all pairs of people.
    Index("ix_look_alikes_people", "first_person_id", "second_person_id"),
    Index("ix_look_alikes_second", "second_face_id"),
)

# Faces that wait to be compared with those of others, since the engine was away when they were enrolled.
uncompared_faces = table(
    "uncompared_faces",
    Column(
        "face_id",
        Name,
        ForeignKey("faces.face_id", name="fk_uncompared_faces_face", ondelete="CASCADE"),
        primary_key=True,
    ),
    # When a server last took it upon itself to compare it.
    required("tried_at", UtcTime),
    Index("ix_uncompared_faces_tried", "tried_at"),
)

gallery_changes = table(
    "gallery_changes",
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    required("added", Boolean),
    required("face_id", Name),
    required("person_id", Name),
    required("engine", Name),
    required("model_version", Name),
    Column("external_id", Key),
    Index("ix_gallery_changes_person", "person_id"),
)

# Faces of deleted people, and deleted faces, until the engine that keeps them has removed them.
leaving_faces = table(
    "leaving_faces",
    Column("engine", Name, primary_key=True),
    Column("external_id", Key, primary_key=True),
    required("face_id", Name),
    # Whose it was, so that their erasure waits for it.
    required("person_id", Name),
    Index("ix_leaving_faces_person", "person_id"),
)

collections = table(
    "collections",
    # Of the engine and its collection, "rekognition/portero".
    Column("name", Key, primary_key=True),
    # When a server last took it upon itself to look at the collection.
    required("claimed_at", UtcTime),
    # When the faces were last compared; null: never. What follows is what was found then.
    Column("compared_at", UtcTime),
    *(required(name, Name) for name in ("state", "engine", "model_version")),
    # Faces in the collection; null: there is no collection.
    Column("kept_faces", BigInteger),
    *(required(f"{kind}_faces", BigInteger) for kind in ("stored", "missing", "foreign", "others", "other_models")),
)

gallery_collections = table(
    "gallery_collections",
    # 1 is the collection of the settings; the others mark their faces' model version with it. No number comes twice.
    Column("number", Integer, primary_key=True, autoincrement=False),
    required("collection", Key),
    # AWS region; empty: that of the settings.
    required("region", Name),
    # See CollectionRole in standby.py.
    required("role", Name),
    # Of the collection's face model, without a mark.
    required("model_version", Name),
    required("created_at", UtcTime),
    # When it was last put in use, or taken out of it; null: never.
    Column("switched_at", UtcTime),
)

shadow_searches = table(
    "shadow_searches",
    # Of the collection that stood by.
    Column("number", Integer, primary_key=True, autoincrement=False),
    # See ShadowOutcome in shadow.py.
    Column("outcome", Name, primary_key=True),
    required("searches", BigInteger),
)
