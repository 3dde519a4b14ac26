"""The console's pages in a real Chromium, before a real server: every task as somebody does it for the first time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, Page, expect

from portero_client import (
    AttendanceGroup,
    AttendanceSchedule,
    CameraStream,
    ConnectionSettings,
    Membership,
    PorteroClient,
)
from portero_console.serving import running_console
from portero_console.settings import load_settings
from portero_server.vision.jpeg import encode_jpeg
from tests.support.console.chromium import MISSING, PROGRAM, Watched, chromium, opened
from tests.support.images.patch_photos import ANA, BOB, EVE, Color, photo
from tests.support.processes.server_process import created_key, managed_keys, running_server
from tests.support.time.timeouts import PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason=MISSING),
]

expect.set_options(timeout=PATIENCE * 1000)

HOSTILE = '<img src=x onerror="alert(1)">'
ARABIC = "مرحبا بالعالم"
LONG = ("María José de la Santísima Trinidad " * 6)[:200].strip()

SIZES: dict[str, Any] = {
    "phone": {"width": 390, "height": 844},
    "laptop": {"width": 1366, "height": 768},
    "wall": {"width": 2560, "height": 1440},
}
_HELD = "document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'i', repeat: true, bubbles: true }))"
_SETTLING = 400.0
"""Milliseconds after which a key counts for a case that appeared."""

DAY = (datetime.now(UTC) - timedelta(days=1)).date()
ATTENDANCE = (f"/attendance/groups/1b?day={DAY}", f"/attendance/people/ana?month={DAY:%Y-%m}", "/attendance")
PAGES = (
    "/now",
    "/wall",
    "/people",
    "/people/ana",
    "/enroll",
    "/search",
    "/sightings",
    "/review",
    *ATTENDANCE,
    "/usage",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A server that asks for keys, a console before it, and the keys of an operator and of an admin."""

    console: str
    folder: Path
    key: str
    admin: str
    client: PorteroClient


@asynccontextmanager
async def _stage(folder: Path) -> AsyncIterator[Stage]:
    key = await created_key(folder, "ops", "operator")
    admin = await created_key(folder, "admin", "admin")
    async with running_server(folder, engine="scripted", auth="required", attendance="true") as server:
        settings = load_settings(listen="127.0.0.1:0", camera_interval=0.2)
        connection = ConnectionSettings(server.address, timeout=PATIENCE, token=admin)
        async with running_console(settings, connection) as console, PorteroClient(connection) as client:
            await client.people.create("Ana Luz", person_id="ana")
            await client.people.enroll("ana", photo(ANA))
            await client.cameras.create("door", display_name="Front door")
            await _hold_lesson(client)
            yield Stage(console.address, folder, key, admin, client)


async def _hold_lesson(client: PorteroClient) -> None:
    """Has a group with Ana meet yesterday, where no camera was."""
    await client.attendance_groups.put(AttendanceGroup("1b", "1° básico B", "UTC"))
    await client.attendance_groups.import_roster("1b", [Membership("ana", DAY)])
    await client.attendance_groups.put_schedule(AttendanceSchedule("math", "1b", ("a",), DAY, time(10), time(11)))


def _file(*people: tuple[int, int, int]) -> FilePayload:
    return {"name": "photo.png", "mimeType": "image/png", "buffer": photo(*people)}


async def _log_in(watched: Watched, stage: Stage, path: str = "/now", key: str = "") -> Page:
    """Opens a page, which asks for a key first, and types one; left out: the operator's."""
    page = watched.page
    await page.goto(stage.console + path)
    await expect(page.locator("#key")).to_be_focused()
    await page.keyboard.type(key or stage.key)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**{path}")
    return page


async def test_a_newcomer_enrolls_finds_and_erases_somebody(tmp_path: Path) -> None:
    """From the login to the receipt, by keyboard where it is typed; nothing goes wrong on any page."""
    async with _stage(tmp_path) as stage, chromium() as browser:
        watched = await opened(await browser.new_context(locale="en-US"))
        page = await _log_in(watched, stage, "/enroll")
        # A bad photo is told before anything is saved.
        await page.keyboard.press("Enter")
        await expect(page.locator("#name-trouble")).to_have_text("Enter a name.")
        await page.keyboard.type(HOSTILE)
        async with page.expect_file_chooser() as chosen:
            await page.locator("#photo-files").press("Enter")
        await (await chosen.value).set_files([_file(BOB)])
        await expect(page.locator(".photo-card")).to_have_count(1)
        await expect(page.locator("#save")).to_be_enabled()
        await page.locator("#save").press("Enter")
        await expect(page.locator("#done")).to_contain_text("Enrolled with 1 photo.")
        await page.get_by_role("link", name="Open the person").press("Enter")
        await expect(page.locator("h1")).to_have_text(HOSTILE)

        await page.get_by_role("link", name="People").first.press("Enter")
        await page.locator("#name").fill("img src")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await page.goto(f"{stage.console}/search")
        await page.set_input_files("#photo-files", _file(BOB, EVE))
        await expect(page.locator(".found > li")).to_have_count(2)
        await expect(page.locator(".found > li").first).to_contain_text(HOSTILE)
        await expect(page.locator(".found > li").last).to_contain_text("Nobody whom the gallery knows")

        await page.locator(".found > li").first.get_by_role("link").first.click()
        await page.get_by_role("button", name="Block").click()
        await page.locator("#block-reason").fill("asked for it")
        await page.locator("#block-dialog button[value=block]").click()
        await expect(page.locator("#state")).to_contain_text("Blocked")
        await page.get_by_role("button", name="End the block").click()
        await expect(page.locator("#state")).to_contain_text("Recognized")
        await page.get_by_text("Record a consent").click()
        for field, text in (("purpose", "entry"), ("text-version", "2"), ("channel", "desk")):
            await page.locator(f"#{field}").fill(text)
        await page.locator("#consent button").click()
        await expect(page.locator("#consents")).to_contain_text("entry")

        await page.locator("#erase").click()
        await expect(page.locator("#erase-now")).to_be_disabled()
        await page.locator("#erase-name").fill(HOSTILE)
        await page.locator("#erase-now").click()
        await expect(page.locator("#receipt")).to_contain_text("Erased. This is the receipt.")
        assert [person.display_name async for person in stage.client.people.list()] == ["Ana Luz"]
        assert watched.wrong == []


async def test_whoever_walks_past_a_camera_appears_by_itself(tmp_path: Path) -> None:
    """A sighting is on the open page without a reload, with name, similarity and the camera's state."""
    async with _stage(tmp_path) as stage, chromium() as browser:
        watched = await opened(await browser.new_context(locale="es-CL"))
        page = await _log_in(watched, stage)
        await expect(page.locator("#link-words")).to_have_text("En vivo")
        await expect(page.locator("#latest-empty")).to_be_visible()
        async with stage.client.stream("door") as camera:
            walking = asyncio.create_task(_walk(camera))
            await expect(page.locator("#latest li").first).to_contain_text("Ana Luz")
            await expect(page.locator("#here li")).to_have_count(1)
            await expect(page.locator(".camera")).to_contain_text("En vivo")
            walking.cancel()
        await expect(page.locator("#here li")).to_have_count(0)
        await expect(page.locator("#latest li").first).to_contain_text("ventaja")
        assert watched.wrong == []


async def test_sightings_and_attendance_are_corrected_by_keyboard(tmp_path: Path) -> None:
    """A stranger is left as it is, that is undone, and then named; an absence that nobody saw is a presence then."""
    async with _stage(tmp_path) as stage, chromium() as browser:
        async with stage.client.stream("door") as camera:
            walking = asyncio.create_task(_walk(camera, EVE))
            await _queued(stage.client)
            walking.cancel()
        watched = await opened(await browser.new_context(locale="en-US"))
        page = await _log_in(watched, stage, "/review")
        await expect(page.locator("#who")).to_have_text("Unknown")
        # What is held, or typed as the case appears, was meant for another one.
        await page.evaluate(_HELD)
        await page.wait_for_timeout(_SETTLING)
        await page.evaluate(_HELD)
        assert [each async for each in stage.client.reviews.queue()]
        await expect(page.locator("#said")).not_to_contain_text("Stored")
        await page.keyboard.press("i")
        await expect(page.locator("#said")).to_have_text("Stored: left as it is.")
        await expect(page.locator("#empty")).to_be_visible()
        await page.keyboard.press("u")
        await expect(page.locator("#case")).to_be_visible()
        await page.locator("#other").fill("ana")
        await page.locator("#others button").press("Enter")
        await expect(page.locator("#said")).to_have_text("Stored: this is Ana Luz.")
        assert [each.person async for each in stage.client.sightings.list()] == ["people/ana"]
        assert await watched.accessibility() == []
        await _decided(stage.client)
        await _correct_attendance(page, stage)
        assert await watched.accessibility() == []
        assert watched.wrong == []


async def _correct_attendance(page: Page, stage: Stage) -> None:
    """Goes from the groups of today to yesterday's lesson, says that Ana was there, saves it, and takes it back."""
    await page.goto(f"{stage.console}/attendance")
    await page.get_by_role("link", name="1° básico B").press("Enter")
    await expect(page.locator("#empty")).to_be_visible()
    await page.locator("#before").press("Enter")
    await expect(page.locator("#sessions tbody tr")).to_contain_text("Nobody could tell")
    await page.get_by_role("button", name="Correct: Ana Luz").press("Enter")
    await page.locator("#correct-reason").fill("stood at the door")
    await page.keyboard.press("Enter")
    await expect(page.locator("#sessions .chip", has_text="Present")).to_have_count(1)
    await expect(page.locator("#sessions tbody tr")).to_contain_text("stood at the door")
    async with page.expect_download() as file:
        await page.get_by_role("button", name="PDF of the day").press("Enter")
    assert (await file.value).suggested_filename == f"1b-{DAY}-{DAY}.pdf"
    await page.get_by_role("button", name="Withdraw: Ana Luz").press("Enter")
    await expect(page.locator("#sessions .chip", has_text="Unproven")).to_have_count(1)


async def _queued(client: PorteroClient) -> None:
    """Waits until there is something to review."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if [each async for each in client.reviews.queue()]:
                return
            await asyncio.sleep(0.1)


async def _decided(client: PorteroClient) -> None:
    """Waits until a round of the server has decided who attended."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if [each async for each in client.attendance.records(group="1b")]:
                return
            await asyncio.sleep(0.1)


async def _walk(camera: CameraStream, color: Color = ANA) -> None:
    """Shows somebody's patch, each time a little elsewhere."""
    number = 0
    while True:
        pixels = np.full((240, 320, 3), 20 + number % 2, np.uint8)
        left = 40 + number % 8
        pixels[60:160, left : left + 100] = color
        await camera.send(encode_jpeg(pixels, 95))
        await asyncio.sleep(0.2)
        number += 1


async def test_a_revoked_key_leads_an_open_page_to_the_login(tmp_path: Path) -> None:
    """The live view ends with the key, and the browser is asked for another one."""
    async with _stage(tmp_path) as stage, chromium() as browser:
        watched = await opened(await browser.new_context())
        page = await _log_in(watched, stage)
        await expect(page.locator("#link")).to_have_attribute("data-state", "live")
        await managed_keys(tmp_path, "revoke", stage.key.split("_")[1])
        await page.wait_for_url("**/login?next=%2Fnow", timeout=PATIENCE * 1000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def show(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Stage, Browser]]:
    """A stage with people whose names are hard to show, and a browser; for tests that change nothing."""
    async with _stage(tmp_path_factory.mktemp("show")) as stage, chromium() as browser:
        for person, name in (("hostile", HOSTILE), ("arabic", ARABIC), ("long", LONG)):
            await stage.client.people.create(name, person_id=person)
        yield stage, browser


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("language", ["en-US", "es-CL"])
@pytest.mark.parametrize("size", SIZES)
async def test_pages_fit_every_screen_and_everybody(size: str, language: str, show: tuple[Stage, Browser]) -> None:
    """No page is wider than its screen, runs a name as code, breaks its policy, or (with axe) shuts somebody out."""
    stage, browser = show
    for theme in ("light", "dark"):
        context = await browser.new_context(viewport=SIZES[size], locale=language, color_scheme=theme)
        watched = await opened(context)
        page = await _log_in(watched, stage, key=stage.admin)
        for path in (*PAGES, "/people/hostile", "/people/long"):
            await page.goto(stage.console + path)
            await page.wait_for_load_state("load")
            if path == "/people":
                await expect(page.locator("tbody tr")).to_have_count(4)
            assert await watched.overflow() <= 0, path
            assert await watched.accessibility() == [], path
        assert watched.wrong == []
        await context.close()
