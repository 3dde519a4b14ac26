// A group's day: sessions, who attended and why, and what people say of it.

import { call, get, getAll, idOf } from "./api.js";
import { offerDownloads } from "./attendance_downloads.js";
import { idOfSession, sessionChip, statusCell, timeCell, titleOf } from "./attendance_rows.js";
import { $, can, el, named, notify, show } from "./dom.js";
import { dayIn, dayName, monthOf, shiftDay, t, timeIn } from "./words.js";

const AGAIN = 2000;
const ATTEMPTS = 30;
const id = $("name").dataset.group;
let group = null;
let names = new Map();
let corrected = null;
let running = 0;
let attempts = 0;

const nameOf = (record) => names.get(record.person) || (record.person ? idOf(record.person) : t("attendance.removed"));

function actionCell(record, correction) {
  if (!can("correct") || !record.person) return el("td");
  const key = `${record.session} ${record.person}`;
  const label = (words) => ({ "aria-label": `${words}: ${nameOf(record)}`, "data-key": key, type: "button", class: "plain small" });
  return el("td", { class: "number" },
    el("button", { ...label(t("attendance.correct")), onclick: () => ask(record) }, t("attendance.correct")),
    correction ? el("button", { ...label(t("attendance.withdraw")), onclick: () => withdraw(correction, key) }, t("attendance.withdraw")) : null);
}

function recordRow(record, corrections) {
  const correction = corrections.findLast((each) => each.person === record.person && !each.withdraw_time) ?? null;
  const name = record.person ? el("a", { href: `/attendance/people/${idOf(record.person)}`, class: "clamped" }, named(nameOf(record))) : nameOf(record);
  return el("tr", {},
    el("th", { scope: "row" }, name),
    statusCell(record, group.time_zone, correction),
    timeCell(record.arrive_time, group.time_zone), timeCell(record.leave_time, group.time_zone),
    actionCell(record, correction));
}

function recordTable(session, records, corrections) {
  const heading = (key, kind) => el("th", { scope: "col", class: kind }, t(key));
  const sorted = records.toSorted((one, other) => nameOf(one).localeCompare(nameOf(other)));
  return el("div", { class: "table-frame" }, el("table", {},
    el("caption", { class: "unseen" }, titleOf(session.name)),
    el("thead", {}, el("tr", {}, heading("people.name"), heading("attendance.status"), heading("attendance.came", "wide-only"),
      heading("attendance.left", "wide-only"), el("th", { scope: "col" }, el("span", { class: "unseen" }, t("attendance.correct"))))),
    el("tbody", {}, ...sorted.map((record) => recordRow(record, corrections)))));
}

function sessionElement(session, records, corrections) {
  const zone = group.time_zone;
  return el("section", {},
    el("div", { class: "verdict" },
      el("h2", {}, `${timeIn(session.start_time, zone)}–${timeIn(session.end_time, zone)} `, named(titleOf(session.name))),
      sessionChip(session), session.note ? el("span", { class: "quiet" }, named(session.note)) : null),
    records.length ? recordTable(session, records, corrections) : session.state === "held" ? el("p", { class: "quiet" }, t("attendance.not-decided")) : null);
}

async function load() {
  const number = ++running;
  const day = $("day").value;
  if (!day) return;
  const span = { group: id, first_day: day, last_day: day };
  try {
    const [sessions, records, report] = await Promise.all([
      getAll("/attendance/sessions", span), getAll("/attendance/records", span), get("/attendance/report", span),
    ]);
    const corrections = await Promise.all(sessions.map((session) => get(`/attendance/sessions/${idOfSession(session.name)}/corrections`)));
    if (number !== running) return;
    names = new Map(report.totals.map((each) => [each.person, each.display_name]));
    const focused = document.activeElement?.dataset?.key;
    show($("sessions"), ...sessions.map((session, index) =>
      sessionElement(session, records.filter((each) => each.session === session.name), corrections[index])));
    if (focused) focusOn(focused);
    $("empty").hidden = sessions.length > 0;
    $("trouble").hidden = true;
    $("day-name").textContent = dayName(day);
    // A correction counts as soon as the server has decided the session anew.
    const waiting = sessions.some((each) => each.stale);
    attempts = waiting ? attempts + 1 : 0;
    if (waiting && attempts < ATTEMPTS) setTimeout(() => number === running && load(), AGAIN);
  } catch (error) {
    if (number === running) show($("trouble"), error.words ?? String(error));
  }
}

const focusOn = (key) => [...document.querySelectorAll("#sessions button")].find((each) => each.dataset.key === key)?.focus();

function ask(record) {
  corrected = record;
  $("correct-form").reset();
  show($("correct-name"), nameOf(record));
  $("correct-dialog").returnValue = "";
  $("correct-dialog").showModal();
}

async function change(key, words, work) {
  try {
    await work();
    notify(words);
    attempts = 0;
    await load();
    focusOn(key);
  } catch (error) {
    show($("trouble"), error.words ?? String(error));
  }
}

const withdraw = (correction, key) => change(key, t("attendance.withdrawn"), () =>
  call("POST", `/attendance/corrections/${idOf(correction.name)}/withdraw`));

$("correct-dialog")?.addEventListener("close", () => {
  if ($("correct-dialog").returnValue !== "correct") return;
  const { session, person } = corrected;
  change(`${session} ${person}`, t("attendance.corrected"), () =>
    call("POST", `/attendance/sessions/${idOfSession(session)}/corrections`, {
      json: { person: idOf(person), status: $("correct-status").value, reason: $("correct-reason").value },
    }));
});

function go(day) {
  $("day").value = day;
  history.replaceState(null, "", `?day=${day}`);
  load();
}

$("when").addEventListener("submit", (event) => event.preventDefault());
$("day").addEventListener("change", () => $("day").validity.valid && go($("day").value));
// Only once there is a day: a button may be quicker than the page.
const step = (days) => $("day").value && go(shiftDay($("day").value, days));
$("before").addEventListener("click", () => step(-1));
$("after").addEventListener("click", () => step(1));
offerDownloads((span) => {
  const day = $("day").value;
  const [first, last] = span === "month" ? monthOf(day) : [day, day];
  return { group: id, first_day: first, last_day: last };
});
try {
  group = (await getAll("/attendance/groups")).find((each) => idOf(each.name) === id);
  if (group) {
    show($("name"), group.display_name || id);
    document.title = `${group.display_name || id} · Portero`;
    const asked = new URLSearchParams(location.search).get("day") ?? "";
    go(/^\d{4}-\d{2}-\d{2}$/.test(asked) ? asked : dayIn(group.time_zone));
  } else {
    show($("name"), id);
    show($("trouble"), t("attendance.no-such-group"));
  }
} catch (error) {
  show($("trouble"), error.words ?? String(error));
}
