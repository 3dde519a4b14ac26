"""What every source of an issuer's keys must do for the verification of tokens: the real one, over HTTP, and the fake.

Each source's test makes a subclass and gives it a `case`. Whoever finds that a fake and the real source differ adds the
difference here first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from portero_server.access.token_checks import TokenChecks
from portero_server.access.tokens import KeySource, TokenPolicy, TokenVerifier
from portero_server.domain.access.identities import AuthMethod, Grant, Role
from portero_server.domain.access.turns import TurnPolicy
from portero_server.errors import Unauthenticated, Unavailable
from tests.support.server.oidc_issuer import CLIENT, ec_key, rsa_key
from tests.support.server.open_access import Refusals
from tests.support.time.virtual_time import ManualClock

_GRANTS = {"staff": [Grant(Role.READER)]}


@dataclass(frozen=True, slots=True)
class TokenCase:
    """An issuer that tells the keys in `keys`, which are "rsa" and "ec" at first.

    Attributes:
        url: What its tokens say.
        keys: Its private keys by id; what is changed here is what it tells from then on.
        source: Looks them up.
        clock: Of the source and of the tokens.
        go_away: Lets the issuer answer no more, or again.
    """

    url: str
    keys: dict[str, Any]
    source: KeySource
    clock: ManualClock
    go_away: Callable[[bool], None]

    def token(self, kid: str, key: Any = None, **claims: Any) -> str:
        """Returns a token that names a key, signed with it or with another; a claim that is None is left out."""
        now = self.clock.now()
        usual = {"iss": self.url, "sub": "7d1f", "aud": CLIENT, "exp": now + timedelta(hours=1), "jti": "t-1"}
        body = {name: value for name, value in ({**usual, "cognito:groups": ["staff"]} | claims).items() if value}
        key = key or self.keys[kid]
        algorithm = "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"
        return jwt.encode(body, key, algorithm, headers={"kid": kid})

    async def refused(self, token: str) -> str:
        """Shows a token that must be refused, and returns the reason."""
        with pytest.raises(Unauthenticated) as caught:
            await self.verifier.identify(token)
        return caught.value.reason

    @property
    def verifier(self) -> TokenVerifier:
        """Who verifies tokens with these keys."""
        checks = TokenChecks(TurnPolicy(per_second=1e6), Refusals(), self.clock)
        return TokenVerifier(TokenPolicy(self.url, frozenset({CLIENT}), _GRANTS), self.source, checks, self.clock)


class TokenContract:
    """The tests. A subclass overrides `case`."""

    @pytest.fixture
    async def case(self) -> TokenCase:
        """Returns the case; a subclass overrides it."""
        raise NotImplementedError

    @pytest.mark.parametrize("kid", ["rsa", "ec"])
    async def test_a_token_of_the_issuer_is_an_identity(self, case: TokenCase, kid: str) -> None:
        """With a key of either kind, the subject and what its groups grant are known."""
        identity = await case.verifier.identify(case.token(kid))
        assert (identity.subject, identity.method) == ("users/7d1f", AuthMethod.TOKEN)
        assert identity.grants == (Grant(Role.READER),)

    async def test_a_token_signed_by_somebody_else_is_refused(self, case: TokenCase) -> None:
        """Naming the issuer's key does not help whoever does not have it, nor changing what was signed."""
        assert await case.refused(case.token("rsa", rsa_key(99))) == "TOKEN_INVALID"
        head, _, signature = case.token("ec").split(".")
        body = case.token("ec", sub="somebody-else").split(".")[1]
        assert await case.refused(f"{head}.{body}.{signature}") == "TOKEN_INVALID"

    async def test_a_key_is_good_for_its_own_algorithm(self, case: TokenCase) -> None:
        """A token that names the one key and is signed as with the other is refused before it is verified."""
        assert await case.refused(case.token("rsa", ec_key())) == "TOKEN_WRONG_ALGORITHM"

    async def test_a_key_that_the_issuer_does_not_have_is_refused(self, case: TokenCase) -> None:
        """A key id never heard of is the caller's fault, however good the signature."""
        assert await case.refused(case.token("unknown", rsa_key(1))) == "TOKEN_UNKNOWN_KEY"

    @pytest.mark.parametrize(
        ("claims", "reason"),
        [
            ({"iss": "https://elsewhere.example"}, "TOKEN_WRONG_ISSUER"),
            ({"aud": "another-app"}, "TOKEN_WRONG_AUDIENCE"),
            ({"exp": 1}, "TOKEN_EXPIRED"),
            ({"sub": None}, "TOKEN_INVALID"),
        ],
    )
    async def test_what_the_claims_say_counts(self, case: TokenCase, claims: dict[str, Any], reason: str) -> None:
        """A good signature does not make up for another issuer or audience, an end in the past or no subject."""
        assert await case.refused(case.token("rsa", **claims)) == reason

    async def test_a_new_key_is_taken_up(self, case: TokenCase) -> None:
        """A token of a key that was added is accepted, at the latest half a minute later."""
        await case.verifier.identify(case.token("rsa"))
        case.keys["new"] = rsa_key(7)
        case.clock.advance(31)
        assert (await case.verifier.identify(case.token("new"))).subject == "users/7d1f"

    async def test_a_key_that_was_taken_back_ends(self, case: TokenCase) -> None:
        """Ten minutes later its tokens are refused, though they were accepted before."""
        token, key = case.token("rsa", exp=case.clock.now() + timedelta(days=1)), case.keys["rsa"]
        await case.verifier.identify(token)
        del case.keys["rsa"]
        case.clock.advance(601)
        # The first look-up may still be answered while the keys are fetched; this one waits for them.
        await case.source.find("ec")
        await case.refused(case.token("unknown", key))
        assert await case.refused(token) == "TOKEN_UNKNOWN_KEY"

    async def test_an_issuer_that_is_away_is_nobodys_fault(self, case: TokenCase) -> None:
        """Before any key was had, the caller may try again; after that, known keys stay good."""
        case.go_away(True)
        with pytest.raises(Unavailable) as caught:
            await case.verifier.identify(case.token("rsa"))
        assert caught.value.reason == "ISSUER_UNAVAILABLE"
        case.go_away(False)
        case.clock.advance(31)
        await case.verifier.identify(case.token("rsa"))
        case.go_away(True)
        case.clock.advance(601)
        for _ in range(2):
            await case.verifier.identify(case.token("rsa"))
