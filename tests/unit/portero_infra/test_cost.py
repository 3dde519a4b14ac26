"""The estimate: its arithmetic, its limits, and that the README shows what the command says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_infra import cost, prices
from portero_infra.config import StackConfig, Vault
from portero_infra.cost import read_stack
from portero_infra.estimate import TooManyCameras, Usage, estimate, naive, total
from portero_server.domain.billing.usage import REKOGNITION_PRICES, microdollars
from portero_server.settings import Settings
from tests.support.infra.stack import VAULT_SECRET

PROD = read_stack("prod")


def _by_item(config: StackConfig, usage: Usage) -> dict[str, Decimal]:
    return {line.item: line.dollars for line in estimate(config, usage)}


def test_naive_bill_is_the_known_one() -> None:
    """One camera at one frame a second costs $172.80 a day when every frame is detected and searched."""
    assert naive(Usage(cameras=1), volume_discount=False) / prices.DAYS == Decimal("172.8")


def test_lines_by_hand() -> None:
    """Twenty cameras' dearest lines agree with the arithmetic done on paper."""
    lines = _by_item(PROD, Usage(cameras=20))
    month = Decimal(730) / 24
    assert lines["Rekognition, searches"] == 20 * 200 * month * Decimal("1.3") * Decimal("0.001")
    assert lines["Fargate, processors of 2 tasks"] == 2 * 2 * 730 * Decimal("0.03238")
    gigabytes = 20 * 5 * 86_400 * month * 30 / 1_000_000
    assert lines["Balancer, frames"] == gigabytes * Decimal("0.006")
    assert lines["Frames that cross zones"] == gigabytes / 2 * Decimal("0.02")
    assert lines["Endpoints, 6 in 2 zones"] == 6 * 2 * 730 * Decimal("0.01")


def test_tiers_are_paid_step_by_step() -> None:
    """Seven million searches cost a million at the first price, four at the second and two at the third."""
    assert prices.FACE_SEARCH.of(Decimal(7_000_000)) == 1000 + 4 * 800 + 2 * 600


def test_server_counts_money_by_the_same_price() -> None:
    """The server's own price table and the estimate agree on what a call costs."""
    assert microdollars(float(prices.FACE_SEARCH.first)) == REKOGNITION_PRICES["SearchFacesByImage"]
    assert microdollars(float(prices.IMAGE_READ.first)) == REKOGNITION_PRICES["DetectText"]


def test_commits_are_counted_as_often_as_the_server_makes_them() -> None:
    """The estimate's fifteen milliseconds between commits are the server's default."""
    assert Settings.model_fields["commit_interval"].default == 0.015


def test_every_price_says_where_and_when() -> None:
    """Each line names the page and the month that its price was taken from."""
    for line in estimate(PROD, Usage(cameras=300, texts=50)):
        assert line.price.page.endswith(("pricing", "on-demand"))
        assert line.price.taken.year >= 2025


def test_too_many_cameras_are_refused() -> None:
    """A stack whose limit of tasks cannot carry the cameras gets no figure, but the limit."""
    with pytest.raises(TooManyCameras, match="the stack carries 720"):
        estimate(PROD, Usage(cameras=721))


def test_private_endpoint_takes_the_crops_off_the_nat() -> None:
    """Where Rekognition has an endpoint, what is sent to it costs the endpoint's price, not the NAT's."""
    lines = _by_item(PROD, Usage(cameras=300))
    assert lines["NAT, data"] == 5 * prices.NAT_DATA.first
    assert lines["Endpoints, data"] > 0


def test_spot_lowers_only_what_scaling_adds() -> None:
    """With every added task on Spot, the least tasks still cost the regular price."""
    config = PROD.model_copy(update={"service": PROD.service.model_copy(update={"spot_share": 1.0})})
    lines = _by_item(config, Usage(cameras=300))
    paid = 2 + 3 * prices.SPOT_FACTOR
    assert lines["Fargate, processors of 5 tasks"] == paid * 2 * 730 * Decimal("0.03238")


@given(cameras=st.integers(1, 700), more=st.integers(1, 20), visits=st.integers(0, 5000))
def test_more_cameras_never_cost_less(cameras: int, more: int, visits: int) -> None:
    """The sum grows with the cameras, whatever they see."""
    smaller, larger = Usage(cameras=cameras, visits=visits), Usage(cameras=cameras + more, visits=visits)
    assert total(estimate(PROD, smaller)) <= total(estimate(PROD, larger))


def test_photos_cost_what_they_weigh() -> None:
    """Where a vault keeps them, a thousand people's photos of half a megabyte are 1.5 GB, beside one more secret."""
    config = PROD.model_copy(update={"vault": Vault(key_secret=VAULT_SECRET)})
    plain, lines = _by_item(PROD, Usage(cameras=1)), _by_item(config, Usage(cameras=1))
    assert lines["Photo vault, storage"] == Decimal("1.5") * Decimal("0.023")
    assert lines["Secrets"] - plain["Secrets"] == Decimal("0.40")
    assert _by_item(config, Usage(cameras=1, people=0)).keys() == plain.keys() - {"Rekognition, faces kept"}


def test_readme_shows_what_the_command_says() -> None:
    """The table of costs in the README is the one that the command would write."""
    assert cost.main(["--check"]) == 0


def test_command_prints_every_line_and_their_sum(capsys: pytest.CaptureFixture[str]) -> None:
    """The command's sum is the sum of the lines that it prints."""
    assert cost.main(["--cameras", "300", "--stack", "prod"]) == 0
    printed = capsys.readouterr().out
    lines = estimate(PROD, Usage(cameras=300))
    assert all(f"| {line.item} |" in printed for line in lines)
    assert f"**${total(lines):,.0f}**" in printed


def test_command_says_when_a_stack_is_too_small(capsys: pytest.CaptureFixture[str]) -> None:
    """Three hundred cameras on the cheap stack end in one line."""
    assert cost.main(["--stack", "dev", "--cameras", "300"]) == 1
    assert capsys.readouterr().err == "cost: 300 cameras, and the stack carries 30 (service.tasks_limit)\n"
