"""The examples of CompreFace's own description of its REST API, before a real server by the console's compatible calls.

docs/Rest-API-description.md of exadel-inc/CompreFace; what differs is in clients/COMPREFACE.md.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from portero_client import ConnectionSettings
from portero_console.serving import running_console
from portero_console.settings import load_settings
from tests.support.images.patch_photos import ANA, BOB, EVE, NEARLY_ANA, photo
from tests.support.processes.server_process import created_key, running_server
from tests.support.time.timeouts import PATIENCE

pytestmark = pytest.mark.slow

# A patch is 100 pixels wide if it is the largest, at (40, 40).
_BOX = {"x_min": 40, "y_min": 40, "x_max": 140, "y_max": 140}


@asynccontextmanager
async def _console(folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        running_server(folder, engine="scripted", auth="required") as server,
        running_console(
            load_settings(listen="127.0.0.1:0", compreface=True), ConnectionSettings(server.address)
        ) as console,
        httpx2.AsyncClient(base_url=f"{console.address}/api/v1", timeout=PATIENCE) as http,
    ):
        yield http


async def test_the_documented_examples_are_answered_as_documented(tmp_path: Path) -> None:
    """Each request of the description, in its order, has the answer that it shows, with this gallery's values."""
    headers = {"x-api-key": await created_key(tmp_path, "key", "operator")}
    async with _console(tmp_path) as http:

        async def ask(method: str, path: str, status: int = 200, **given: Any) -> Any:
            answer = await http.request(method, f"/recognition{path}", headers=headers, **given)
            assert answer.status_code == status, answer.text
            return answer.json()

        assert await ask("POST", "/subjects", 201, json={"subject": "subject2"}) == {"subject": "subject2"}
        assert await ask("PUT", "/subjects/subject2", json={"subject": "subject1"}) == {"updated": True}
        assert await ask("GET", "/subjects/") == {"subjects": ["subject1"]}

        example = {"subject": "subject1", "det_prob_threshold": "0.8"}
        first = await ask("POST", "/faces", 201, params=example, files={"file": ("ana.png", photo(ANA))})
        assert set(first) == {"image_id", "subject"}
        encoded = {"file": base64.b64encode(photo(BOB, kind=".jpg")).decode()}
        second = await ask("POST", "/faces", 201, params={"subject": "subject3"}, json=encoded)
        assert sorted((await ask("GET", "/subjects"))["subjects"]) == ["subject1", "subject3"]
        listed = await ask("GET", "/faces", params={"page": 0, "size": 10})
        assert sorted(each["subject"] for each in listed.pop("faces")) == ["subject1", "subject3"]
        assert listed == {"page_number": 0, "page_size": 10, "total_pages": 1, "total_elements": 2}

        query = {"limit": 0, "prediction_count": 1, "det_prob_threshold": 0.5, "face_plugins": "", "status": "false"}
        found = await ask("POST", "/recognize", params=query, files={"file": photo(NEARLY_ANA, EVE)})
        assert [[each["subject"] for each in face["subjects"]] for face in found["result"]] == [["subject1"], []]
        assert found["result"][0]["subjects"][0]["similarity"] > 0.9
        box = found["result"][0]["box"]
        assert {name: box[name] for name in _BOX} == _BOX
        assert 0 < box["probability"] <= 1

        nobody = await ask("POST", "/recognize", 400, files={"file": photo()})
        assert nobody == {"message": "No face is found in the given image", "code": 28}

        image_id = first["image_id"]
        alike = await ask("POST", f"/faces/{image_id}/verify", files={"file": photo(NEARLY_ANA)})
        assert alike["result"][0]["similarity"] > 0.9
        assert await ask("DELETE", f"/faces/{image_id}") == first
        assert (await ask("DELETE", f"/faces/{image_id}", 404))["code"] == 44
        assert await ask("POST", "/faces/delete", json=[second["image_id"], image_id]) == [second]
        assert await ask("DELETE", "/faces", params={"subject": "subject1"}) == {"deleted": 0}
        assert await ask("DELETE", "/subjects/subject1") == {"subject": "subject1"}
        assert await ask("DELETE", "/subjects") == {"deleted": 1}

        found = await http.post("/detection/detect", headers=headers, files={"file": photo(ANA)})
        assert {name: found.json()["result"][0]["box"][name] for name in _BOX} == _BOX
        pair = {"source_image": photo(ANA), "target_image": photo(EVE, NEARLY_ANA)}
        verified = (await http.post("/verification/verify", headers=headers, files=pair)).json()["result"][0]
        assert verified["source_image_face"]["box"] == _BOX
        best, other = verified["face_matches"]
        assert best["similarity"] > 0.9 > other["similarity"]


async def test_a_key_may_do_what_its_role_may(tmp_path: Path) -> None:
    """The server refuses the rest, and a key that it does not know."""
    reader = {"x-api-key": await created_key(tmp_path, "reader", "reader")}
    desk = {"x-api-key": await created_key(tmp_path, "desk", "check-in-desk")}
    async with _console(tmp_path) as http:
        files = {"file": photo(ANA)}
        assert (await http.get("/recognition/subjects", headers=reader)).status_code == 200
        assert (await http.post("/recognition/recognize", headers=reader, files=files)).status_code == 403
        assert (await http.post("/recognition/recognize", headers=desk, files=files)).status_code == 200
        assert (await http.delete("/recognition/subjects", headers=desk)).status_code == 403
        unknown = await http.get("/recognition/subjects", headers={"x-api-key": "ptk_0123456789_unknown"})
        assert (unknown.status_code, unknown.json()["code"]) == (401, 10)
