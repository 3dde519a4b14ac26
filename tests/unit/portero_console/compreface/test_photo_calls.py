"""What is found in photos."""

from __future__ import annotations

from tests.support.client.photos import photo
from tests.support.client.server import FakeServer
from tests.support.console.program import Program

_RECOGNIZE = "/recognition/recognize"
# The fake server's faces are an eighth of the width and a quarter of the height of 640x480 pixels.
_FIRST = {"x_min": 64, "y_min": 120, "x_max": 144, "y_max": 240}
_SECOND = {"x_min": 192, "y_min": 120, "x_max": 272, "y_max": 240}
_NO_FACE = (400, {"message": "No face is found in the given image", "code": 28})


async def test_every_face_is_told_with_who_it_is(program: Program) -> None:
    """Boxes are pixels; a face that the server names nobody has no subjects, however near somebody is."""
    await program.teach("Ana", photo("ana"))
    answer = await program.ask("POST", _RECOGNIZE, files={"file": photo("ana", "eve")})
    assert answer == (
        200,
        {
            "result": [
                {
                    "box": {"probability": 0.99, **_FIRST},
                    "subjects": [{"subject": "Ana", "similarity": 0.95}],
                },
                {"box": {"probability": 0.99, **_SECOND}, "subjects": []},
            ]
        },
    )


async def test_more_subjects_follow_the_match(program: Program) -> None:
    """With prediction_count the next most similar people come behind the one whom the server names."""
    for subject in ("Ana", "Bob", "Eve"):
        await program.teach(subject, photo(subject))
    for count, names in ((1, ["Bob"]), (2, ["Bob", "Ana"]), (50, ["Bob", "Ana", "Eve"])):
        params = {"prediction_count": count}
        _, document = await program.ask("POST", _RECOGNIZE, params=params, files={"file": photo("Bob")})
        assert [each["subject"] for each in document["result"][0]["subjects"]] == names


async def test_faces_are_limited_by_number_and_certainty(program: Program) -> None:
    """`limit` keeps the largest; when no face is certain enough, there is none."""
    files = {"file": photo("a", "b")}
    _, document = await program.ask("POST", _RECOGNIZE, params={"limit": 1}, files=files)
    assert [each["box"]["x_min"] for each in document["result"]] == [64]
    params = {"det_prob_threshold": 0.999}
    assert await program.ask("POST", _RECOGNIZE, params=params, files=files) == _NO_FACE
    assert await program.ask("POST", _RECOGNIZE, files={"file": photo()}) == _NO_FACE


async def test_the_time_is_told_if_asked_for(program: Program) -> None:
    """`status` adds to each face what the whole call took, in milliseconds, and who answers."""
    params = {"status": "true", "face_plugins": "age,gender"}
    _, document = await program.ask("POST", _RECOGNIZE, params=params, files={"file": photo("a")})
    (face,) = document["result"]
    assert list(face) == ["box", "subjects", "execution_time"]
    assert face["execution_time"]["total"] >= 0
    assert document["plugins_versions"] == {"detector": "portero", "calculator": "portero"}


async def test_faces_are_detected_without_names(program: Program, server: FakeServer) -> None:
    """Detection tells boxes alone, and asks the gallery nothing."""
    answer = await program.ask("POST", "/detection/detect", files={"file": photo("a")})
    assert answer == (200, {"result": [{"box": {"probability": 0.99, **_FIRST}}]})
    assert server.calls["SearchByImage"] == 0
    assert await program.ask("POST", "/detection/detect", files={"file": photo()}) == _NO_FACE


async def test_two_photos_are_compared(program: Program) -> None:
    """The most similar face comes first, as many as `limit` says; a photo without a face has its own code."""
    files = {"source_image": photo("a"), "target_image": photo("b", "a")}
    status, document = await program.ask("POST", "/verification/verify", files=files)
    assert (status, document["result"][0]["source_image_face"]) == (200, {"box": _FIRST})
    assert document["result"][0]["face_matches"] == [
        {"box": _SECOND, "similarity": 0.95},
        {"box": _FIRST, "similarity": 0.25},
    ]
    _, limited = await program.ask("POST", "/verification/verify", params={"limit": 1}, files=files)
    assert len(limited["result"][0]["face_matches"]) == 1
    files["target_image"] = photo()
    assert await program.ask("POST", "/verification/verify", files=files) == _NO_FACE


async def test_a_photo_is_compared_with_an_example(program: Program) -> None:
    """The similarity is that to the example's person; an example that there is not has its own code."""
    example = await program.teach("Ana", photo("ana"))
    path, files = f"/recognition/faces/{example}/verify", {"file": photo("eve", "ana")}
    _, document = await program.ask("POST", path, files=files)
    assert [(each["similarity"], each["box"]["x_min"]) for each in document["result"]] == [(0.95, 192), (0.25, 64)]
    for unknown in ("nobody~x", example[:-1] + "_", "ana"):
        status, document = await program.ask("POST", f"/recognition/faces/{unknown}/verify", files=files)
        assert (status, document) == (404, {"message": f"Image {unknown} not found", "code": 44})
