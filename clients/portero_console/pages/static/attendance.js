// Attendance: how today goes, by group; a guardian's people by name.

import { get, getAll, idOf } from "./api.js";
import { $, can, el, named, show } from "./dom.js";
import { countChips, countsOf, sessionChip, titleOf } from "./attendance_rows.js";
import { dayIn, dayName, t, timeIn } from "./words.js";

// Days anywhere on Earth, around now.
const REACH = 36 * 3600 * 1000;

function sessionRow(session, zone) {
  return el("li", {},
    el("span", {}, `${timeIn(session.start_time, zone)}–${timeIn(session.end_time, zone)} `, named(titleOf(session.name)),
      session.note ? el("span", { class: "cell-words" }, named(session.note)) : null),
    sessionChip(session));
}

function groupCard(group, sessions) {
  const id = idOf(group.name);
  const counts = el("div");
  const rows = sessions.map((session) => sessionRow(session, group.time_zone));
  const card = el("li", {},
    el("h3", {}, el("a", { href: `/attendance/groups/${id}` }, named(group.display_name || id))),
    el("p", { class: "quiet" }, dayName(dayIn(group.time_zone))),
    rows.length ? el("ul", { class: "plain-list" }, ...rows) : el("p", { class: "quiet" }, t("attendance.no-sessions")),
    counts);
  if (sessions.some((session) => session.decide_time)) showCounts(id, dayIn(group.time_zone), counts);
  return card;
}

async function showCounts(group, day, element) {
  const report = await get("/attendance/report", { group, first_day: day, last_day: day }).catch(() => null);
  if (report) show(element, countChips(countsOf(report.totals)));
}

async function showGroups() {
  const now = Date.now();
  const [groups, sessions] = await Promise.all([
    getAll("/attendance/groups"),
    getAll("/attendance/sessions", { since: new Date(now - REACH).toISOString(), until: new Date(now + REACH).toISOString() }),
  ]);
  const ofToday = (group) => sessions.filter((each) => each.group === group.name && each.day === dayIn(group.time_zone));
  show($("groups"), ...groups.map((group) => groupCard(group, ofToday(group))));
  $("empty").hidden = groups.length > 0;
}

async function nameOwn(link) {
  const report = await get("/attendance/report", { person: link.dataset.person });
  const name = report.totals.find((each) => each.display_name)?.display_name;
  if (name) show(link, named(name));
}

for (const link of document.querySelectorAll("#own a")) nameOwn(link).catch(() => null);
if (can("see-classes")) {
  await showGroups().catch((error) => show($("trouble"), error.words ?? String(error)));
  $("loading").hidden = true;
}
