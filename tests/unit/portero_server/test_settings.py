"""Settings come from the environment and are checked."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from portero_client.settings import VARIABLES
from portero_server.domain.access.fair_places import PlaceShares
from portero_server.domain.access.identities import Grant, Role, Scope
from portero_server.domain.tracking.policy import FaceDistances
from portero_server.engines.local.encode.options import EncoderOptions, InputOptions
from portero_server.engines.local.options import LocalOptions
from portero_server.errors import StartupProblem
from portero_server.settings import PREFIX, Settings, load_settings
from portero_server.settings.data_folder import default_folder
from portero_server.settings.names import CLIENT_VARIABLES
from portero_server.store.connections import make_engines
from tests.support.repository import ROOT

SERVER = ROOT / "server" / "portero_server"
STATED_TWICE = {
    # Unset is the engine's own, which is not what a policy has that says nothing of it.
    "MatchPolicy.confusable_margin",
    "MatchPolicy.sure_by",
    "MatchPolicy.sure_by_tenfold",
    "MatchPolicy.sure_quality",
    # "All processors" is a word of the setting, 0, and a number of the machine in the limits.
    "CallLimits.image_calls",
    # Session parts are imported by what settings must not wait for.
    "SessionParts.quarantine_attempts",
}


def test_defaults_need_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a variable the server is local, on loopback, with an embedded database."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    settings = load_settings()
    assert settings.engine == "local"
    assert settings.listen.startswith("127.0.0.1:")
    assert settings.database_dsn == f"sqlite+aiosqlite:///{default_folder() / 'portero.db'}"


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PORTERO_LISTEN", "50051", "HOST:PORT"),
        ("PORTERO_LISTEN", "127.0.0.1:99999", "HOST:PORT"),
        ("PORTERO_VISIT_GAP", "0", "greater than 0"),
        ("PORTERO_MAX_STREAMS", "many", "integer"),
        ("PORTERO_MATCH_MARGIN", "2", "less than or equal to 1"),
        ("PORTERO_DATABASE_URL", "oracle://x", "sqlite+aiosqlite"),
        ("PORTERO_CALL_TIMEOUT", "3", "PORTERO_REKOGNITION_READ_TIMEOUT"),
        ("PORTERO_BUDGET_THRESHOLDS", "[0.8, 0.7, 0.9, 1]", "must ascend"),
        ("PORTERO_BRIDGES", "door", "json"),
        ("PORTERO_BRIDGES", '{"lobby": []}', "at least one camera or site"),
        ("PORTERO_BRIDGES", '{"lobby": ["people/ana"]}', "pattern"),
        ("PORTERO_TIME_ZONE", "Mars/Olympus", "time zone of this machine"),
        ("PORTERO_OPENING_HOURS", "9 to 5", "as Mon or Mon-Fri"),
        ("PORTERO_OPENING_HOURS_CAMERAS", '{"cameras/door": "always"}', "a camera's id"),
        ("PORTERO_STEER_IDLE_RATE", "1", "greater than or equal to 2"),
        ("PORTERO_ENCODER", "facenet", "'dlib' or 'onnx'"),
        ("PORTERO_ENCODER_MODEL_SHA256", "ABC", "pattern"),
        ("PORTERO_ENCODER_COLOR", "gray", "'rgb' or 'bgr'"),
        ("PORTERO_ENCODER_DIVISOR", "0", "greater than or equal to 0.001"),
        ("PORTERO_ENCODER_MEAN", "nan", "finite"),
        ("PORTERO_VERIFY_SAME", "2.1", "less than or equal to 2"),
        ("PORTERO_REVIEW_PICTURES", "true", "needs PORTERO_REVIEW_PICTURES_KEY_FILE"),
        ("PORTERO_RETENTION_REVIEW_PICTURES_HOURS", "0", "greater than or equal to 1"),
        ("PORTERO_OIDC_ISSUER", "http://issuer.example", "https"),
        ("PORTERO_OIDC_ISSUER", "https://issuer.example", "PORTERO_OIDC_AUDIENCES"),
    ],
)
def test_a_wrong_value_names_variable_and_limit(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    """A wrong value is one line with the variable and what it must be."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(StartupProblem) as caught:
        load_settings()
    assert variable in caught.value.message
    assert words in caught.value.message
    assert "\n" not in caught.value.message


def test_an_unknown_variable_is_an_error_with_the_nearest_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mistyped names are refused and not ignored, all at once, beside the wrong values, and no value is shown."""
    for name, value in {"PORTERO_LISTNE": "x1", "Portero_Databse_Url": "s3cret", "PORTERO_ZZ": "x2"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PORTERO_VISIT_GAP", "0")
    with pytest.raises(StartupProblem) as caught:
        load_settings()
    said = caught.value.message
    assert "PORTERO_LISTNE is not a setting (did you mean PORTERO_LISTEN?)" in said
    assert "Portero_Databse_Url is not a setting (did you mean PORTERO_DATABASE_URL?)" in said
    assert "PORTERO_ZZ is not a setting;" in said
    assert "PORTERO_VISIT_GAP input should be greater than 0" in said
    assert not any(value in said for value in ("x1", "x2", "s3cret"))


def test_variables_of_others_are_no_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What clients and the console read, and what Kubernetes sets for a service of this name, may stand beside them."""
    service = ("PORTERO_SERVICE_HOST", "PORTERO_PORT", "PORTERO_PORT_50051_TCP_ADDR", "PORTERO_GRPC_SERVICE_PORT_TLS")
    for name in (*VARIABLES, "PORTERO_DEBUG", "PORTERO_CONSOLE_LISTEN", *service):
        monkeypatch.setenv(name, "x")
    load_settings()
    assert set(CLIENT_VARIABLES) == {*VARIABLES, "PORTERO_DEBUG"}


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty value, as a template leaves it, is the default for every setting there is."""
    default = load_settings()
    for name in Settings.model_fields:
        monkeypatch.setenv(f"{PREFIX}{name.upper()}", "")
    assert load_settings() == default


@pytest.mark.parametrize(
    "url",
    [
        "mysql+aiomysql://portero:hunter2@db@host/portero",
        "mysql+aiomysql://portero:x@hunter2/y@db/portero",
        "mysql+aiomysql://portero:hunter2",
        "mysql+aiomysql://portero:hunter2/portero",
        "mysql+aiomysql:/portero:hunter2@db/portero",
        "mysql://portero:hunter2@db/portero",
        "portero:hunter2@db/portero",
        "sqlite+aiosqlite://portero:hunter2@db/portero",
        "sqlite+aiosqlite:///portero:hunter2@db/portero",
        "sqlite+aiosqlite:///mysql://portero:hunter2",
    ],
)
def test_a_broken_url_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Whatever is wrong with the URL, its message says how it must be and shows nothing of it."""
    monkeypatch.setenv("PORTERO_DATABASE_URL", url)
    with pytest.raises(StartupProblem) as caught:
        load_settings()
    assert "hunter2" not in caught.value.message
    assert "PORTERO_DATABASE_URL must be" in caught.value.message


def _address(settings: Settings) -> str:
    with suppress(StartupProblem):
        return make_engines(settings.database_dsn, pool_size=1, timeout=1).address
    return ""


@given(
    password=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12).map(
        "s3c{}r3t".format
    ),
    cut=st.sampled_from(["", "@", "db.example", "/portero", "//", "+aiomysql", "portero:"]),
)
def test_no_password_is_shown_however_the_url_is_broken(password: str, cut: str) -> None:
    """With any password, unquoted, and any part of the URL missing: it is refused silently, or understood as meant."""
    url = f"mysql+aiomysql://portero:{password}@db.example/portero".replace(cut, "", 1) if cut else ""
    url = url or f"mysql+aiomysql://portero:{password}@db.example/portero"
    try:
        settings = Settings(database_url=url)
    except ValidationError as error:
        said = str(error.errors(include_input=False, include_url=False))
    else:
        said = _address(settings)
    assert "s3c" not in said


def test_a_password_of_its_own_goes_into_the_url_and_nowhere_else() -> None:
    """A separate password is quoted into the URL and hidden from every representation."""
    settings = Settings(
        database_url="mysql+aiomysql://portero@db.example:3306/portero?ssl=true",
        database_password=SecretStr("p@ss/word"),
    )
    assert settings.database_dsn == "mysql+aiomysql://portero:p%40ss%2Fword@db.example:3306/portero?ssl=true"
    assert "p@ss" not in repr(settings)


def test_money_and_quotas_are_given_in_dollars_and_calls_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an operator names replaces the defaults; what is not named keeps them."""
    monkeypatch.setenv("PORTERO_REKOGNITION_QUOTAS", '{"SearchFacesByImage": 5}')
    monkeypatch.setenv("PORTERO_PRICES", '{"DetectText": 0.0012}')
    monkeypatch.setenv("PORTERO_BUDGET_DAILY", "0.1")
    monkeypatch.setenv("PORTERO_BUDGET_CAMERAS", '{"door": 0.05}')
    settings = load_settings()
    assert settings.scheduler.quota_of("SearchFacesByImage") == 5
    assert settings.scheduler.quota_of("DetectFaces") == 100
    assert settings.price_table.price("DetectText") == 1200
    assert settings.price_table.price("SearchFacesByImage") == 1000
    assert settings.budget.total == 100_000
    assert settings.budget.of_camera("door") == 50_000
    assert settings.budget.of_camera("desk") is None


def test_bridges_and_claims_become_scopes_and_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras and sites of bridges, and roles with and without places, are read as they are documented."""
    monkeypatch.setenv("PORTERO_BRIDGES", '{"lobby": ["door", "cameras/desk", "sites/hall"]}')
    monkeypatch.setenv("PORTERO_OIDC_ISSUER", "https://issuer.example/pool")
    monkeypatch.setenv("PORTERO_OIDC_AUDIENCES", '["app"]')
    monkeypatch.setenv("PORTERO_OIDC_ROLES", '{"staff": ["reader", "operator@door,sites/lobby"]}')
    settings = load_settings()
    assert settings.bridge_scopes == {"lobby": Scope(frozenset({"door", "desk"}), frozenset({"hall"}))}
    assert settings.token_policy is not None
    place = Scope(frozenset({"door"}), frozenset({"lobby"}))
    assert settings.token_policy.grants == {"staff": [Grant(Role.READER), Grant(Role.OPERATOR, place)]}
    monkeypatch.setenv("PORTERO_OIDC_ROLES", '{"staff": ["wizard"]}')
    with pytest.raises(StartupProblem, match="grants staff 'wizard'"):
        load_settings()


def _fields() -> dict[str, ast.expr]:
    """The default of each setting as it is written."""
    return {
        node.target.id: node.value.args[0]
        for path in (SERVER / "settings").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "Field"
    }


def _handed_on() -> Iterator[tuple[str, str, object]]:
    """Every setting that is handed on to a parameter with a default: the setting, the parameter, its default."""
    for path in (*(SERVER / "settings").glob("*.py"), *(SERVER / "composition").glob("*.py")):
        name = ".".join(path.relative_to(SERVER.parent).with_suffix("").parts).removesuffix(".__init__")
        known = vars(importlib.import_module(name))
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and callable(known.get(call.func.id)):
                with suppress(ValueError, TypeError):
                    parameters = inspect.signature(known[call.func.id]).parameters
                    named = list(zip(parameters, call.args, strict=False))
                    named += [
                        (given.arg, given.value) for given in call.keywords if given.arg and given.arg in parameters
                    ]
                    for parameter, value in named:
                        for node in ast.walk(value):
                            if isinstance(node, ast.Attribute) and node.attr in Settings.model_fields:
                                yield node.attr, f"{call.func.id}.{parameter}", parameters[parameter].default


def test_a_default_is_stated_once() -> None:
    """Where a policy has a default of its own, the setting takes it from there instead of stating it again."""
    fields, again, handed_on = _fields(), [], list(_handed_on())
    assert len({setting for setting, *_ in handed_on}) > 60
    for setting, parameter, default in handed_on:
        own = fields[setting]
        literal = not any(isinstance(node, ast.Name | ast.Attribute) for node in ast.walk(own))
        said = isinstance(default, int | float | str | PlaceShares) and not isinstance(default, bool) and default != ""
        if said and literal and parameter not in STATED_TWICE:
            again.append(f"{setting}: {ast.unparse(own)}, {parameter}: {default}")
    assert again == []


def test_every_setting_is_read() -> None:
    """No setting is declared that nothing reads."""
    read = {
        node.attr
        for path in SERVER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"self", "settings", "context.settings"}
    }
    assert set(Settings.model_fields) <= read


def test_defaults_are_values_that_the_settings_take() -> None:
    """A default, wherever it comes from, is within the limits of its setting."""
    given = Settings().model_dump()
    assert Settings.model_validate(given).model_dump() == given


def test_opening_hours_are_those_of_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours hold in the time zone that is set, and a camera may have its own."""
    monkeypatch.setenv("PORTERO_OPENING_HOURS", "Mon-Fri 07:00-20:00")
    monkeypatch.setenv("PORTERO_OPENING_HOURS_CAMERAS", '{"yard": "always"}')
    monkeypatch.setenv("PORTERO_TIME_ZONE", "America/Santiago")
    schedule = load_settings().opening_schedule
    morning = datetime(2026, 6, 1, 10, 30, tzinfo=UTC)
    assert schedule.closed_until("door", morning) == datetime(2026, 6, 1, 11, tzinfo=UTC)
    assert schedule.closed_until("yard", morning) is None


def test_steering_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thresholds are those that are set, and there are none when bridges shall not be steered."""
    monkeypatch.setenv("PORTERO_STEER_IDLE_AFTER", "5")
    policy = load_settings().steering_policy(1920)
    assert policy is not None
    assert (policy.idle_after, policy.max_side) == (5.0, 1920)
    monkeypatch.setenv("PORTERO_STEER", "false")
    assert load_settings().steering_policy(1920) is None


def test_distances_are_the_encoder_s_own_unless_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts as the same face comes from the encoder in use; a setting goes before it."""
    own = FaceDistances(same=1.0, perhaps=1.14, lead=0.1, recalled=0.9, recalled_lead=0.15)
    settings = load_settings()
    identity, memory = settings.identity_policy(own), settings.memory_policy(own)
    assert (identity.same, identity.perhaps, identity.lead) == (1.0, 1.14, 0.1)
    assert (memory.distance, memory.lead) == (0.9, 0.15)
    monkeypatch.setenv("PORTERO_VERIFY_SAME", "1.2")
    identity = load_settings().identity_policy(own)
    assert (identity.same, identity.perhaps) == (1.2, 1.2)


def test_strangers_are_known_again_only_if_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nowhere by default; sites may be left out; limits are the encoder's own unless they are set."""
    gap = timedelta(minutes=5)
    assert not load_settings().visitors
    own = load_settings().visitor_policy(1.04, gap)
    assert (own.same, own.apart, own.lead, own.least_side) == (0.92, 1.1, 0.16, 44)
    monkeypatch.setenv("PORTERO_VISITORS", "true")
    monkeypatch.setenv("PORTERO_VISITOR_FORBIDDEN_SITES", "north, south,")
    monkeypatch.setenv("PORTERO_VISITOR_SAME", "1.2")
    monkeypatch.setenv("PORTERO_VISITOR_LEAST_SIDE", "60")
    settings = load_settings()
    assert (settings.visitors, settings.visitor_forbidden_sites) == (True, ("north", "south"))
    policy = settings.visitor_policy(1.04, gap)
    assert (policy.same, policy.apart, policy.lead, policy.least_side) == (1.2, 1.2, 0.16, 60)
    for variable, value in (("PORTERO_VISITOR_LEAST_SIDE", "31"), ("PORTERO_RETENTION_VISITORS_DAYS", "0")):
        monkeypatch.setenv(variable, value)
        with pytest.raises(StartupProblem, match=variable):
            load_settings()
        monkeypatch.delenv(variable)


def test_an_encoder_of_a_file_is_described_by_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """File, checksum, colors and numbers reach the engine."""
    monkeypatch.setenv("PORTERO_ENCODER", "onnx")
    monkeypatch.setenv("PORTERO_ENCODER_MODEL", "/models/faces.onnx")
    monkeypatch.setenv("PORTERO_ENCODER_MODEL_SHA256", 64 * "a")
    monkeypatch.setenv("PORTERO_ENCODER_COLOR", "bgr")
    monkeypatch.setenv("PORTERO_ENCODER_DIVISOR", "128")
    options = load_settings().engine_options["local"]
    given = EncoderOptions("onnx", Path("/models/faces.onnx"), 64 * "a", InputOptions("bgr", 127.5, 128.0))
    assert options == LocalOptions(encoder=given)


def test_a_session_is_closed_before_what_it_is_decided_from_goes() -> None:
    """A day before the shortest period, at the latest after its own days; what is kept for ever does not count."""
    settings = Settings(attendance_open_days=21)
    assert settings.attendance_open_for(0, 365, 30) == timedelta(days=21)
    assert settings.attendance_open_for(0, 7) == timedelta(days=6)
    assert settings.attendance_open_for(1) == timedelta(0)
