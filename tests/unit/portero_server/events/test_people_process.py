"""The process that sends to people: what it reads, what it answers, and what it keeps to itself."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

_TELEGRAM = "tgram://123456789:abcdefg_hijklmnop/12315544/"


def _answers(order: dict[str, Any]) -> subprocess.CompletedProcess[bytes]:
    command = (sys.executable, "-P", "-m", "portero_server.events.people_process")
    return subprocess.run(command, input=json.dumps(order).encode(), capture_output=True, check=True, timeout=60)


def test_without_a_text_urls_are_only_checked() -> None:
    """Nothing is resolved and nothing sent."""
    urls = (_TELEGRAM, "tgram://12/", "nonsense://x")
    done = _answers({"destinations": [{"url": url, "public": True} for url in urls], "networks": []})
    assert json.loads(done.stdout) == ["", "its URL is not complete", "its URL is not complete"]


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
    problems = json.loads(_answers({"destinations": urls, "networks": []}).stdout)
    refusal = "it names several recipients; give each a URL of its own"
    assert problems == [refusal] * len(several) + [""] * len(one)


def test_it_says_nothing_but_its_answers() -> None:
    """A library that logs the URL of what failed is not heard."""
    order = {"destinations": [{"url": "json://127.0.0.1:9/S3CR3T", "public": False}], "networks": ["127.0.0.0/8"]}
    done = _answers(order | {"title": "t", "body": "b"})
    assert (json.loads(done.stdout), done.stderr) == (["it did not take the message"], b"")


def test_what_does_not_encrypt_reaches_networks_of_the_site_only() -> None:
    """An address of the internet is refused for it."""
    order = {"destinations": [{"url": "json://1.1.1.1/", "public": False}], "networks": ["127.0.0.0/8"]}
    (problem,) = json.loads(_answers(order | {"title": "t", "body": "b"}).stdout)
    assert problem.startswith("1.1.1.1 is not in PORTERO_WEBHOOK_NETWORKS")
