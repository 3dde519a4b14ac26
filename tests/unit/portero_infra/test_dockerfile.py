"""The image: small, without rights, and told the same numbers as everything else."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field

import pytest

from portero_console.settings import PREFIX as CONSOLE_PREFIX
from portero_console.settings import ConsoleSettings
from portero_infra.config import Server
from portero_infra.task import CA_FILE, USER
from portero_server.settings import PREFIX, Settings
from tests.support.repository import ROOT

TEXT = (ROOT / "Dockerfile").read_text()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
WHEEL = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
PROGRAMS = {
    "server": "portero-server",
    "simulator": "portero-simulator",
    "bridge": "portero-bridge",
    "console": "portero",
    "demo": "portero",
}


@dataclass(slots=True)
class Stage:
    """One stage: what it stands on and its instructions."""

    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def last(self, instruction: str) -> str:
        """The value of the last such instruction."""
        return [value for name, value in self.steps if name == instruction][-1]


def _stages() -> dict[str, Stage]:
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", TEXT, flags=re.MULTILINE))
    stages: dict[str, Stage] = {}
    for line in filter(None, joined.splitlines()):
        instruction, _, value = line.partition(" ")
        if instruction == "FROM":
            base, _, name = value.partition(" AS ")
            stage = stages[name or "final"] = Stage(base)
        elif stages:
            stage.steps.append((instruction, value))
    return stages


STAGES = _stages()
# What the argument MODELS chooses between.
MODELS = ("with-yunet", "without-yunet")


def test_every_base_is_the_pinned_one_or_our_own() -> None:
    """No stage pulls anything but the one base that a release pins by digest."""
    known = {"${BASE}", "scratch", "${ROLE}", "server-${MODELS}", *STAGES}
    assert {stage.base for stage in STAGES.values()} <= known
    assert "@sha256:" in TEXT
    assert ":latest" not in TEXT


def test_the_wheel_is_built_of_what_was_copied() -> None:
    """Every folder that the wheel takes in is where the image builds it; a missing one ends the build."""
    copied = {value.split()[0] for name, value in STAGES["build"].steps if name == "COPY"}
    taken = [*WHEEL["only-include"], PROJECT["readme"]]
    assert [each for each in taken if not any(each == path or each.startswith(f"{path}/") for path in copied)] == []


@pytest.mark.parametrize("role", PROGRAMS)
def test_role_runs_its_program_without_rights(role: str) -> None:
    """Each role starts one of the project's programs, in a stage that runs as a numbered user."""
    stage = STAGES[role]
    bases = {STAGES[f"server-{models}"].base for models in MODELS} if role == "server" else {stage.base}
    assert bases == {"runtime"}
    assert json.loads(stage.last("ENTRYPOINT")) == [PROGRAMS[role]]
    assert PROGRAMS[role] in PROJECT["scripts"]
    assert not any(instruction == "USER" for instruction, _ in stage.steps)
    assert STAGES["runtime"].last("USER") == USER


@pytest.mark.parametrize("role", ["server", "simulator", "bridge"])
def test_role_that_serves_says_how_it_is(role: str) -> None:
    """Each role that serves has a health check and names its ports."""
    stage = STAGES[role]
    assert "http://127.0.0.1:" in stage.last("HEALTHCHECK")
    assert stage.last("EXPOSE")


def test_console_says_how_it_is_whatever_it_speaks() -> None:
    """The health check asks for a connection at the address of its setting, with TLS or without."""
    stage = STAGES["console"]
    given = dict(pair.split("=", 1) for pair in stage.last("ENV").split())
    assert set(given) <= {f"{CONSOLE_PREFIX}{name.upper()}" for name in ConsoleSettings.model_fields}
    assert given["PORTERO_CONSOLE_LISTEN"].endswith(f":{stage.last('EXPOSE')}")
    assert "os.environ['PORTERO_CONSOLE_LISTEN']" in stage.last("HEALTHCHECK")
    assert json.loads(stage.last("CMD")) == ["console"]


def test_server_listens_where_the_stack_expects_it() -> None:
    """The image's variables are settings of the server, and its ports those of the task definition."""
    given = dict(pair.split("=", 1) for pair in STAGES["server"].last("ENV").split())
    assert set(given) <= {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    server = Server()
    assert STAGES["server"].last("EXPOSE") == f"{server.grpc_port} {server.admin_port}"
    assert given["PORTERO_LISTEN"].endswith(f":{server.grpc_port}")
    assert given["PORTERO_ADMIN_LISTEN"].endswith(f":{server.admin_port}")


def test_database_authority_is_where_the_task_looks_for_it() -> None:
    """The certificates of AWS's databases are copied to the path in the task's database address."""
    assert STAGES["server"].last("COPY").split()[-1] == CA_FILE


def test_the_detectors_model_is_the_one_its_thresholds_were_set_for() -> None:
    """The file is added by the checksum that is the setting's default, to where the image's variable says it is."""
    added, stage = STAGES["with-yunet"].last("ADD"), STAGES["server-with-yunet"]
    assert f"--checksum=sha256:{Settings().detector_model_sha256} " in added
    assert stage.last("ENV") == "PORTERO_DETECTOR_MODEL=/opt/portero/models/yunet.onnx"
    assert added.split()[-1] == "/models/yunet.onnx"
    assert stage.last("COPY") == "--from=with-yunet /models /opt/portero/models"


def test_an_image_without_the_detectors_model_does_not_name_it() -> None:
    """A server does not start with a file that is not there, so the variable comes with the file only."""
    assert STAGES["server-without-yunet"].steps == []
    assert STAGES["server"].base == "server-${MODELS}"
    assert "PORTERO_DETECTOR" not in STAGES["server"].last("ENV")


def test_each_role_installs_known_extras_as_locked() -> None:
    """The extras exist in the project, and what is installed is what requirements.lock says."""
    run = next(value for name, value in STAGES["build"].steps if name == "RUN" and "case" in value)
    assert set(re.findall(r"--extra (\w+)", run)) <= set(PROJECT["optional-dependencies"])
    named = re.findall(r"([\w |]+)\) set --", run.replace('case "$ROLE" in', ";"))
    assert {role.strip() for roles in named for role in roles.split("|")} == set(PROGRAMS)
    assert "--constraint requirements.lock" in run


def test_everything_written_is_a_volume() -> None:
    """The root may be read-only: scratch space and state are volumes, and Python writes nothing beside the code."""
    runtime = STAGES["runtime"]
    assert json.loads(runtime.last("VOLUME")) == ["/tmp", "/var/lib/portero"]
    assert "PYTHONDONTWRITEBYTECODE=1" in runtime.last("ENV")


def test_builder_gets_what_is_copied_and_nothing_else() -> None:
    """.dockerignore shuts everything out but what a COPY names, so that no secret or footage slips in."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    admitted = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        source.split("/")[0] for name, value in STAGES["build"].steps if name == "COPY" for source in value.split()[:-1]
    }
    assert "*" in lines
    assert admitted == copied
    assert all((ROOT / name).exists() for name in copied)
