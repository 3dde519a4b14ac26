"""The process that sends to people: what it reads, what it answers, and what it keeps to itself."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import Any

_TELEGRAM = "tgram://123456789:abcdefg_hijklmnop/12315544/"


def _answers(order: dict[str, Any]) -> subprocess.CompletedProcess[bytes]:
    command = (sys.executable, "-P", "-m", "portero_server.events.people_process")
    text = json.dumps({"seconds": 30.0} | order).encode()
    return subprocess.run(command, input=text, capture_output=True, check=True, timeout=60)


def _problems(order: dict[str, Any]) -> list[str]:
    """Returns the problem of each destination, by its number."""
    answers = dict(json.loads(line) for line in _answers(order).stdout.splitlines())
    return [answers.pop(number) for number in range(len(order["destinations"]))]


def test_without_a_text_urls_are_only_checked() -> None:
    """Nothing is resolved and nothing sent."""
    urls = (_TELEGRAM, "tgram://12/", "nonsense://x")
    problems = _problems({"destinations": [{"url": url, "public": True} for url in urls], "networks": []})
    assert problems == ["", "its URL is not complete", "its URL is not complete"]


def test_a_url_of_several_recipients_is_refused_when_it_is_checked() -> None:
    """Apprise tells of all of a URL together, so those who have a message would be sent it again with the others."""
    mail = "mailtos://me:secret@mail.example"
    several = (
        f"{_TELEGRAM}42/",
        f"{mail}?to=a@school.example,b@school.example",
        f"{mail}/a@school.example/b@school.example",
        f"{mail}?to=a@school.example&cc=b@school.example",
        f"{mail}?to=a@school.example&bcc=b@school.example",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/a/b",
        "ntfys://ntfy.example/a/b",
        "matrixs://me:secret@matrix.example/a/b",
        "rockets://me:secret@chat.example/a/b",
        f"twilio://AC{'a' * 32}:{'b' * 32}@+14155550100/+14155550101/+14155550102",
    )
    one = (_TELEGRAM, f"{mail}?to=a@school.example", "ntfys://ntfy.example/a", "jsons://h.example/a/b")
    urls = [{"url": url, "public": True} for url in (*several, *one)]
    problems = _problems({"destinations": urls, "networks": []})
    refusal = "it names several recipients; give each a URL of its own"
    assert problems == [refusal] * len(several) + [""] * len(one)


def test_it_says_nothing_but_its_answers() -> None:
    """A library that logs the URL of what failed is not heard."""
    order = {"destinations": [{"url": "json://127.0.0.1:9/S3CR3T", "public": False}], "networks": ["127.0.0.0/8"]}
    done = _answers(order | {"title": "t", "body": "b"})
    assert (json.loads(done.stdout), done.stderr) == ([0, "it did not take the message"], b"")


def test_what_does_not_encrypt_reaches_networks_of_the_site_only() -> None:
    """An address of the internet is refused for it."""
    order = {"destinations": [{"url": "json://1.1.1.1/", "public": False}], "networks": ["127.0.0.0/8"]}
    (problem,) = _problems(order | {"title": "t", "body": "b"})
    assert problem.startswith("1.1.1.1 is not in PORTERO_WEBHOOK_NETWORKS")


def test_one_that_hangs_holds_up_no_other() -> None:
    """The others are answered for first; it is left when its time is over."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        urls = (f"json://127.0.0.1:{silent.getsockname()[1]}/", "json://127.0.0.1:9/")
        order = {"destinations": [{"url": url, "public": False} for url in urls], "networks": ["127.0.0.0/8"]}
        done = _answers(order | {"title": "t", "body": "b", "seconds": 1.0})
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        [1, "it did not take the message"],
        [0, "it did not answer within 1 s"],
    ]


def test_each_destination_is_guarded_by_its_own_rule() -> None:
    """What does not encrypt reaches no address of the internet beside one that does."""
    destinations = [{"url": "jsons://127.0.0.1:9/", "public": True}, {"url": "json://1.1.1.1/", "public": False}]
    first, second = _problems({"destinations": destinations, "networks": [], "title": "t", "body": "b"})
    assert first.startswith("127.0.0.1 is this machine itself")
    assert second.startswith("1.1.1.1 is not in PORTERO_WEBHOOK_NETWORKS")
