"""Tokens of an issuer that is asked over real HTTP."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portero_server.access.issuer_http import IssuerHttp, sound_url
from portero_server.access.issuer_keys import IssuerKeys
from portero_server.access.token_checks import TokenChecks
from portero_server.access.tokens import TokenPolicy, TokenVerifier
from portero_server.domain.access.identities import AuthMethod, Grant, Role, Scope
from portero_server.domain.access.rates import Limit
from portero_server.domain.access.turns import TurnPolicy
from portero_server.errors import Unauthenticated, Unavailable
from tests.support.server.oidc_issuer import CLIENT, OidcIssuer, ec_key, jwk_of, oidc_issuer, rsa_key
from tests.support.time.virtual_time import ManualClock

_LOBBY = Scope(sites=frozenset({"lobby"}))
_GRANTS = {"staff": [Grant(Role.READER)], "desk": [Grant(Role.CHECK_IN_DESK, _LOBBY)]}


class _Unobserved:
    def limit_reached(self, limit: Limit) -> None:
        """Nobody counts."""


@dataclass
class Court:
    """An issuer, and a server that takes its tokens."""

    issuer: OidcIssuer
    verifier: TokenVerifier
    clock: ManualClock

    async def refused(self, token: str) -> str:
        """Shows a token that must be refused, and gives the reason."""
        with pytest.raises(Unauthenticated) as caught:
            await self.verifier.identify(token)
        return caught.value.reason


@pytest.fixture
async def court() -> AsyncIterator[Court]:
    """An issuer, and who checks its tokens."""
    clock = ManualClock()
    async with oidc_issuer(clock) as issuer:
        policy = TokenPolicy(issuer.url, frozenset({CLIENT}), _GRANTS)
        checks = TokenChecks(TurnPolicy(per_second=1e6), _Unobserved(), clock)
        yield Court(issuer, TokenVerifier(policy, IssuerKeys(IssuerHttp(issuer.url), clock), checks, clock), clock)


async def test_an_access_token_of_cognito_is_an_identity(court: Court) -> None:
    """Groups become roles with their scopes, the subject and the end are the token's, unknown groups are nothing."""
    identity = await court.verifier.identify(court.issuer.access_token("staff", "desk", "chess-club"))
    assert identity.subject == "users/7d1f"
    assert identity.method is AuthMethod.TOKEN
    assert identity.grants == (Grant(Role.READER), Grant(Role.CHECK_IN_DESK, _LOBBY))
    assert identity.expires_at == court.clock.now() + timedelta(hours=1, seconds=30)
    assert identity.credential_id == "t-1"


@pytest.mark.parametrize(
    "claims",
    [{}, {"aud": [CLIENT, "other"]}, {"cognito:groups": "staff"}, {"aud": None, "client_id": CLIENT}],
)
async def test_id_tokens_and_lists_of_audiences_work(court: Court, claims: dict[str, Any]) -> None:
    """An audience may be a word or a list of words, and so may the groups."""
    assert (await court.verifier.identify(court.issuer.id_token("staff", **claims))).roles == {Role.READER}


async def test_keys_on_p256_work(court: Court) -> None:
    """A token signed with ES256 is as good as one signed with RS256."""
    court.issuer.keys["curve"] = ec_key()
    assert (await court.verifier.identify(court.issuer.access_token("staff", kid="curve"))).roles == {Role.READER}


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://evil.example"}, "TOKEN_WRONG_ISSUER"),
        ({"iss": None}, "TOKEN_WRONG_ISSUER"),
        ({"client_id": "other"}, "TOKEN_WRONG_AUDIENCE"),
        ({"client_id": None}, "TOKEN_WRONG_AUDIENCE"),
        ({"aud": "other"}, "TOKEN_WRONG_AUDIENCE"),
        ({"aud": [["x"], 1]}, "TOKEN_WRONG_AUDIENCE"),
        ({"exp": None}, "TOKEN_INVALID"),
        ({"exp": "tomorrow"}, "TOKEN_INVALID"),
        ({"exp": 10**30, "nbf": 10**30}, "TOKEN_INVALID"),
        ({"exp": 1}, "TOKEN_EXPIRED"),
        ({"sub": None}, "TOKEN_INVALID"),
        ({"sub": "x" * 129}, "TOKEN_INVALID"),
        ({"sub": "a\nb"}, "TOKEN_INVALID"),
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(court: Court, claims: dict[str, Any], reason: str) -> None:
    """Issuer, audience, times and subject are each checked, with a reason of its own."""
    assert await court.refused(court.issuer.access_token("staff", **claims)) == reason


async def test_clocks_may_differ_by_the_leeway(court: Court) -> None:
    """A token is good until thirty seconds after its end, and from thirty seconds before its beginning."""
    now = court.clock.now()
    short = court.issuer.access_token("staff", exp=now, nbf=now + timedelta(seconds=30))
    await court.verifier.identify(short)
    assert await court.refused(court.issuer.access_token("staff", nbf=now + timedelta(seconds=31))) == "TOKEN_INVALID"
    court.clock.advance(30)
    assert await court.refused(short) == "TOKEN_EXPIRED"


async def test_algorithms_are_pinned(court: Court) -> None:
    """Neither `none`, nor a signature made with the public key as a secret, nor a longer RSA hash is taken."""
    await court.verifier.identify(court.issuer.access_token("staff"))
    public = rsa_key(1).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    claims = {"client_id": CLIENT, "cognito:groups": ["staff"]}
    for token in (
        _signed_with_a_public_key(court.issuer.token(claims), public),
        court.issuer.token(claims, algorithm="RS512"),
        _with_header(court.issuer.access_token("staff"), {"alg": "none", "kid": "first"}, signature=""),
        _with_header(court.issuer.access_token("staff"), {"alg": "ES256", "kid": "first"}),
    ):
        assert await court.refused(token) == "TOKEN_WRONG_ALGORITHM"


async def test_a_signature_of_another_key_is_refused(court: Court) -> None:
    """Whoever signs with a key of their own under the issuer's key id is refused, and so is a changed claim."""
    forged = court.issuer.token({"client_id": CLIENT, "cognito:groups": ["staff"]}, key=rsa_key(2))
    assert await court.refused(forged) == "TOKEN_INVALID"
    head, body, signature = court.issuer.access_token("chess-club").split(".")
    body = _encoded(json.loads(base64.urlsafe_b64decode(body + "==")) | {"cognito:groups": ["staff"]})
    assert await court.refused(f"{head}.{body}.{signature}") == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "text", ["x", "a.b.c", "..", "é.é.é", "eyJhbGciOiJSUzI1NiJ9.W10.x", f"{'W' * 4000}.{'W' * 4000}.x", "e30.e30.x"]
)
async def test_what_is_no_token_is_refused_without_a_fetch(court: Court, text: str) -> None:
    """Text of any kind is refused as such, and the issuer is not asked."""
    assert await court.refused(text) in ("TOKEN_INVALID", "TOKEN_WRONG_ALGORITHM")
    assert court.issuer.requests == []


async def test_deeply_nested_claims_are_refused(court: Court) -> None:
    """A token whose claims are nested deeper than a parser goes is refused like any other nonsense."""
    nested = base64.urlsafe_b64encode(b"[" * 100_000).decode()
    head = court.issuer.access_token("staff").split(".")[0]
    assert await court.refused(f"{head}.{nested}.x") == "TOKEN_INVALID"


async def test_ten_thousand_unknown_key_ids_cost_one_fetch_an_interval(court: Court) -> None:
    """Ten thousand tokens with made-up key ids within a minute cause a fetch each ten seconds, and good ones go on."""
    await court.verifier.identify(court.issuer.access_token("staff"))
    head, body, signature = court.issuer.access_token("staff").split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    for number in range(100):
        tokens = [f"{_encoded(header | {'kid': f'{number}-{one}'})}.{body}.{signature}" for one in range(100)]
        reasons = await asyncio.gather(*map(court.refused, tokens))
        assert set(reasons) == {"TOKEN_UNKNOWN_KEY"}
        court.clock.advance(0.6)
    assert court.issuer.fetches <= 7
    await court.verifier.identify(court.issuer.access_token("staff"))


async def test_many_first_tokens_share_one_fetch(court: Court) -> None:
    """A hundred callers after a start cause one discovery and one fetch, also when the first of them hangs up."""
    calls = [asyncio.create_task(court.verifier.identify(court.issuer.access_token("staff"))) for _ in range(100)]
    await asyncio.sleep(0)
    calls[0].cancel()
    await asyncio.gather(*calls[1:])
    assert court.issuer.requests == ["/.well-known/openid-configuration", "/keys"]


async def test_keys_rotate(court: Court) -> None:
    """A new key is taken up with its first token, and one that the issuer took back ends within ten minutes."""
    old = court.issuer.access_token("staff", exp=court.clock.now() + timedelta(days=1))
    await court.verifier.identify(old)
    court.issuer.keys["second"] = rsa_key(2)
    court.clock.advance(31)
    await court.verifier.identify(court.issuer.access_token("staff", kid="second"))
    await court.verifier.identify(old)
    del court.issuer.keys["first"]
    court.clock.advance(600)
    # Given at once from what is known, while the keys are fetched behind it.
    await court.verifier.identify(old)
    for _ in range(1000):
        await asyncio.sleep(0.001)
        if not await _accepted(court, old):
            break
    assert await court.refused(old) == "TOKEN_UNKNOWN_KEY"
    await court.verifier.identify(court.issuer.access_token("staff", kid="second"))


async def _accepted(court: Court, token: str) -> bool:
    try:
        await court.verifier.identify(token)
    except Unauthenticated:
        return False
    return True


async def test_an_issuer_that_is_away_ends_nothing(court: Court) -> None:
    """Keys that are known stay good while the issuer does not answer, and unknown ones are refused meanwhile."""
    token = court.issuer.access_token("staff", exp=court.clock.now() + timedelta(days=1))
    await court.verifier.identify(token)
    court.issuer.away = True
    for _ in range(20):
        court.clock.advance(600)
        await court.verifier.identify(token)
    court.issuer.keys["second"] = rsa_key(2)
    assert await court.refused(court.issuer.access_token("staff", kid="second")) == "TOKEN_UNKNOWN_KEY"


async def test_without_any_key_the_server_says_that_it_cannot_tell(court: Court) -> None:
    """An issuer that was never reached makes the call unavailable, not unauthenticated, and works once it is there."""
    court.issuer.away = True
    for _ in range(5):
        with pytest.raises(Unavailable) as caught:
            await court.verifier.identify(court.issuer.access_token("staff"))
        assert caught.value.reason == "ISSUER_UNAVAILABLE"
    assert len(court.issuer.requests) == 1
    court.issuer.away = False
    court.clock.advance(30)
    await court.verifier.identify(court.issuer.access_token("staff"))


async def test_members_of_the_key_set_that_are_no_keys_of_ours_are_passed_over(court: Court) -> None:
    """Keys for encryption, of other kinds, too short or malformed do not disturb the good one, nor verify anything."""
    good = jwk_of("x", rsa_key(2))
    court.issuer.extra = [
        None,
        7,
        {},
        {"kid": ["x"], "kty": "RSA"},
        {"kid": "bad", "kty": "RSA", "n": "!", "e": "!"},
        {"kid": "oct", "kty": "oct", "k": "c2VjcmV0"},
        {"kid": "odd", "kty": "EC", "crv": ["P-256"]},
        good | {"kid": "enc", "use": "enc"},
        good | {"kid": "ps", "alg": "PS256"},
        jwk_of("short", rsa_key(3, 1024)),
    ]
    await court.verifier.identify(court.issuer.access_token("staff"))
    for kid, key in (("enc", rsa_key(2)), ("ps", rsa_key(2)), ("short", rsa_key(3, 1024))):
        with warnings.catch_warnings(action="ignore"):
            token = court.issuer.token({"client_id": CLIENT}, kid, key, "RS256")
        assert await court.refused(token) == "TOKEN_UNKNOWN_KEY"


@pytest.mark.parametrize("answer", [{"issuer": "https://other.example", "jwks_uri": "/keys"}, {"issuer": None}, {}])
async def test_an_issuer_that_calls_itself_otherwise_is_not_asked_for_keys(court: Court, answer: Any) -> None:
    """Discovery must name the configured issuer and a sound place for its keys."""
    court.issuer._document = lambda path: answer  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        await court.verifier.identify(court.issuer.access_token("staff"))
    assert "/keys" not in court.issuer.requests


def test_keys_come_over_tls_or_from_this_machine() -> None:
    """No file, no plain HTTP of another machine, nothing without a host."""
    assert sound_url("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x")
    assert sound_url("http://127.0.0.1:8080/x")
    for url in ("http://issuer.example", "file:///etc/passwd", "https://", "ftp://127.0.0.1/x", "issuer"):
        assert not sound_url(url)


def _encoded(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _with_header(token: str, header: dict[str, Any], signature: str | None = None) -> str:
    _, body, own = token.split(".")
    assert jwt.get_unverified_header(token)["kid"] == "first"
    return f"{_encoded(header)}.{body}.{own if signature is None else signature}"


def _signed_with_a_public_key(token: str, public: bytes) -> str:
    head, body, _ = token.split(".")
    head = _encoded({"alg": "HS256", "kid": "first"})
    signature = hmac.digest(public, f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


@pytest.mark.parametrize("claim", ["exp", "nbf"])
@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "1e300",
        "-1",
        "-1e-9",
        "99999999999999",
        "true",
        "false",
        '"1"',
        "[1]",
        "{}",
    ],
)
async def test_a_time_that_is_no_number_of_seconds_is_refused(court: Court, claim: str, text: str) -> None:
    """A well-signed token whose end or beginning is not finite, not positive, absurdly far or no number is refused."""
    assert await court.refused(_signed_text(court, f'"{claim}":{text}')) == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "members",
    [
        '"exp":1,"exp":4000000000',
        '"sub":"7d1f","sub":"root"',
        '"odd":NaN',
        '"odd":{"deep":[Infinity]}',
        '"odd":1e999',
        f'"odd":{"9" * 5000}',
        '"odd":{"twice":1,"twice":2}',
    ],
)
async def test_claims_that_two_readers_understand_differently_are_refused(court: Court, members: str) -> None:
    """A name that stands twice, and numbers that are not JSON, spoil a token wherever they stand."""
    assert await court.refused(_signed_text(court, members)) == "TOKEN_INVALID"


async def test_a_header_with_a_name_twice_is_refused(court: Court) -> None:
    """No token may say two algorithms."""
    _, body, signature = court.issuer.access_token("staff").split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"none","alg":"RS256","kid":"first"}').decode().rstrip("=")
    assert await court.refused(f"{head}.{body}.{signature}") == "TOKEN_INVALID"
    assert court.issuer.requests == []


@pytest.mark.parametrize("document", ['{"keys":[],"keys":[%s]}', '{"keys":[%s],"odd":NaN}', '[{"keys":[%s]}]'])
async def test_a_key_set_that_is_not_json_is_not_taken(court: Court, document: str) -> None:
    """An issuer whose answer can be read in two ways is treated as one that does not answer."""
    keys = document % json.dumps(jwk_of("first", rsa_key(1)))
    court.issuer.text_of = lambda path: keys if path == "/keys" else None
    with pytest.raises(Unavailable):
        await court.verifier.identify(court.issuer.access_token("staff"))


def _signed_text(court: Court, members: str) -> str:
    """Signs claims whose last members are given as JSON text, which no JSON library would write; a sound token else."""
    usual = f',"exp":{(court.clock.now() + timedelta(hours=1)).timestamp():.0f}'
    end = "" if '"exp"' in members else usual
    text = f'{{"iss":"{court.issuer.url}","sub":"7d1f","client_id":"{CLIENT}"{end},{members}}}'
    key = {"alg": "RS256", "kid": "first"}
    return jwt.api_jws.encode(text.encode(), rsa_key(1), "RS256", headers=key)


async def test_a_token_that_was_verified_waits_for_no_flood(court: Court) -> None:
    """While worthless tokens have used up every turn, a token seen before is let in, until it expires."""
    policy = court.verifier._policy
    checks = TokenChecks(TurnPolicy(per_second=1e-6), _Unobserved(), court.clock)
    court.verifier = TokenVerifier(policy, IssuerKeys(IssuerHttp(policy.issuer), court.clock), checks, court.clock)
    good, other = court.issuer.access_token("staff"), court.issuer.access_token("desk")
    first = await court.verifier.identify(good)
    assert await court.refused(f"{good[:-8]}AAAAAAAA") == "TOKEN_INVALID"
    assert await court.verifier.identify(good) == first
    waiting = asyncio.create_task(court.verifier.identify(other))
    await asyncio.sleep(0)
    assert not waiting.done()
    assert await court.verifier.identify(good) == first
    assert await court.refused("two.parts") == "TOKEN_INVALID"
    court.clock.advance(3630)
    expired = asyncio.create_task(court.verifier.identify(good))
    await asyncio.sleep(0)
    assert not expired.done()
    for task in (waiting, expired):
        task.cancel()


async def test_only_so_many_tokens_are_remembered(court: Court) -> None:
    """A thousand tokens of one person do not stay in memory; what is remembered is not a token."""
    policy = replace(court.verifier._policy, remembered=10)
    checks = TokenChecks(TurnPolicy(per_second=1e6), _Unobserved(), court.clock)
    verifier = TokenVerifier(policy, IssuerKeys(IssuerHttp(policy.issuer), court.clock), checks, court.clock)
    for number in range(30):
        await verifier.identify(court.issuer.access_token("staff", jti=f"t-{number}"))
    assert len(verifier._verified) == 10
    assert all(len(digest) == 32 for digest in verifier._verified)
