from __future__ import annotations

import pytest

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


async def test_settings_of_a_camera_are_changed_one_by_one(cli: Cli, server: FakeServer) -> None:
    """What is given changes, what is not stays, and "default" goes back to the server's."""
    options = ("--name", "Front", "--site", "hotel", "--visit-gap", "2m", "--threshold", "0.7")
    await cli("cameras", "add", "door", *options)
    changed = (await cli("cameras", "set", "door", "--mode", "text", "--time", "arrival", "--json")).document["camera"]
    assert (changed["mode"], changed["time_source"]) == ("text", "arrival")
    assert (changed["display_name"], changed["site"], changed["visit_gap"]) == ("Front", "hotel", "120s")
    back = await cli("cameras", "set", "door", "--visit-gap", "default", "--threshold", "default", "--site", "")
    assert back.code == 0
    stored = server.cameras.cameras["cameras/door"]
    assert not stored.HasField("visit_gap")
    assert not stored.HasField("similarity_threshold")
    assert (stored.site, stored.display_name) == ("", "Front")
    assert "the server's" in back.out


async def test_the_privacy_zones_of_a_camera_are_shown(cli: Cli) -> None:
    """Zones are set with the command of their own, and shown with the camera."""
    await cli("cameras", "add", "door")
    assert (await cli("cameras", "zones", "door", "0,0,0.5,1")).code == 0
    assert "0,0,0.5,1" in (await cli("cameras", "show", "door")).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Nothing to change"),
        (("--visit-gap", "soon"), "write 90s, 15m, 2h, 3d or 1w"),
        (("--threshold", "high"), "write 0 to 1, or default"),
    ],
)
async def test_a_setting_that_is_none_is_a_wrong_command_line(cli: Cli, arguments: tuple[str, ...], words: str) -> None:
    """Nothing to change, and what nobody can mean, end with code 2 and how it is written."""
    await cli("cameras", "add", "door")
    result = await cli("cameras", "set", "door", *arguments)
    assert result.code == 2
    assert words in result.err
