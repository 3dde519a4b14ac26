"""What a request for a check-in holds."""

from __future__ import annotations

from itertools import combinations

import pytest

from portero_server.documents.needs import CheckInPictures
from portero_server.documents.requested import decoded, digest_of
from portero_server.errors import InvalidInput
from tests.support.images.patch_photos import ANA, photo


def test_requests_of_another_content_have_another_digest() -> None:
    """Camera, pictures, replacing and liveness count, and so does the id, which keeps pictures from being guessed."""
    pictures = CheckInPictures([b"front", b"back"], b"face")
    digests = [
        digest_of("r1", "desk", None),
        digest_of("r2", "desk", None),
        digest_of("r1", "door", None),
        digest_of("r1", "desk", None, replace=True),
        digest_of("r1", "desk", None, liveness=True),
        digest_of("r1", "desk", None, replace=True, liveness=True),
        digest_of("r1", "desk", pictures),
        digest_of("r1", "desk", CheckInPictures([b"front"], b"back")),
    ]
    assert all(one != other for one, other in combinations(digests, 2))
    assert digest_of("r1", "desk", pictures) == digests[-2]
    assert digest_of(None, "desk", pictures) is None


@pytest.mark.parametrize("count", [0, 3])
async def test_a_document_has_one_or_two_pictures(count: int) -> None:
    """Any other number is refused by the name of the field; one or two are decoded in order."""
    with pytest.raises(InvalidInput, match="images must hold one or two pictures"):
        await decoded([photo(ANA)] * count, "images")
    assert [picture.shape[2] for picture in await decoded([photo(ANA)] * 2, "images")] == [3, 3]
