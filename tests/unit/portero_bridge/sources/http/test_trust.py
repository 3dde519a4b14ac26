"""Which certificates are trusted."""

import ssl
from pathlib import Path

import pytest

from portero_bridge.errors import SourceFault
from portero_bridge.sources.http.trust import Trust, normal_fingerprint, tls_fault
from tests.support.tls.certificates import Authority

DIGITS = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "text",
    [
        DIGITS,
        DIGITS.upper(),
        "SHA256:" + DIGITS,
        " ".join(DIGITS),
        ":".join(DIGITS[at : at + 2] for at in range(0, 64, 2)),
    ],
)
def test_fingerprints_of_all_makes_are_one(text: str) -> None:
    """Colons, blanks, capitals and a prefix do not matter."""
    assert normal_fingerprint(text) == DIGITS


@pytest.mark.parametrize("text", ["", DIGITS[:-1], DIGITS[:-1] + "g", "ab" * 20])
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    """Also one of SHA-1."""
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        normal_fingerprint(text)


def test_contexts_are_made_once(tmp_path: Path) -> None:
    """Cameras share them, and a reconnect makes none, unless the file was changed."""
    authority = Authority(tmp_path)
    assert Trust().context() is Trust().context()
    assert Trust(fingerprint=DIGITS).context() is Trust(fingerprint=DIGITS[::-1]).context()
    first = Trust(authority.file).context()
    assert Trust(authority.file).context() is first
    authority.file.write_bytes(Authority(tmp_path / "next").pem)
    assert Trust(authority.file).context() is not first


def test_file_without_certificates_is_a_fault(tmp_path: Path) -> None:
    """One that is missing, and one with something else in it, are named."""
    file = tmp_path / "ca.pem"
    for _ in range(2):
        with pytest.raises(SourceFault, match=r"ca_file .*ca\.pem holds no certificates that can be read"):
            Trust(file).context()
        file.write_text("hello")


def test_only_the_pinned_certificate_is_good() -> None:
    """Without a fingerprint the handshake has decided already."""
    Trust().check(None)
    Trust(fingerprint="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855").check(b"")
    with pytest.raises(SourceFault, match="certificate not trusted"):
        Trust(fingerprint=DIGITS).check(b"another")


def test_faults_of_tls_are_words() -> None:
    """A library's code becomes a sentence."""
    assert tls_fault(ssl.SSLError(1, "[SSL] x")).message == "no TLS with the camera: sslerror"
