// A person's month: what it adds up to, and each session.

import { get, getAll, idOf } from "./api.js";
import { offerDownloads } from "./attendance_downloads.js";
import { STATUSES, statusCell, timeCell, titleOf } from "./attendance_rows.js";
import { $, el, named, show } from "./dom.js";
import { dayIn, dayName, monthOf, monthName, number, percent, shiftMonth, t, timeIn } from "./words.js";

const id = $("name").dataset.person;
let zones = new Map();
let running = 0;

const zoneOf = (record) => zones.get(record.group) ?? "UTC";

function recordRow(record) {
  const zone = zoneOf(record);
  return el("tr", {},
    el("th", { scope: "row" }, dayName(dayIn(zone, new Date(record.session_start_time))),
      el("span", { class: "cell-words" }, `${timeIn(record.session_start_time, zone)} `, named(titleOf(record.session)))),
    statusCell(record, zone), timeCell(record.arrive_time, zone), timeCell(record.leave_time, zone));
}

const share = (value) => (value === null ? "–" : percent(value / 100));

function figures(totals) {
  const figure = (label, ...value) => el("div", {}, el("dt", {}, label), el("dd", {}, ...value));
  const open = totals.lowest_percentage !== totals.highest_percentage;
  return [
    figure(t("attendance.percentage"), share(totals.percentage),
      open ? el("small", {}, t("attendance.between", { lowest: share(totals.lowest_percentage), highest: share(totals.highest_percentage) })) : null),
    ...STATUSES.map((status) => figure(t(`attendance.status-${status}`), number(totals[`${status}_count`]))),
  ];
}

async function load() {
  const turn = ++running;
  const [first, last] = monthOf(`${$("month").value}-01`);
  const span = { person: id, first_day: first, last_day: last };
  try {
    const [records, report] = await Promise.all([getAll("/attendance/records", span), get("/attendance/report", span)]);
    if (turn !== running) return;
    const [totals] = report.totals;
    if (totals?.display_name) nameIt(totals.display_name);
    show($("records"), ...records.map(recordRow));
    show($("figures"), ...(totals ? figures(totals) : []));
    $("figures").hidden = $("frame").hidden = records.length === 0;
    $("empty").hidden = records.length > 0;
    $("trouble").hidden = true;
    $("said").textContent = monthName(first);
  } catch (error) {
    if (turn === running) show($("trouble"), error.words ?? String(error));
  }
}

function nameIt(name) {
  show($("name"), name);
  document.title = `${name} · Portero`;
}

function go(month) {
  $("month").value = month;
  history.replaceState(null, "", `?month=${month}`);
  load();
}

$("when").addEventListener("submit", (event) => event.preventDefault());
$("month").addEventListener("change", () => $("month").validity.valid && go($("month").value));
// Only once there is a month: a button may be quicker than the page.
const step = (months) => $("month").value && go(shiftMonth($("month").value, months));
$("before").addEventListener("click", () => step(-1));
$("after").addEventListener("click", () => step(1));
offerDownloads(() => {
  const [first, last] = monthOf(`${$("month").value}-01`);
  return { person: id, first_day: first, last_day: last };
});
nameIt(id);
try {
  const groups = await getAll("/attendance/groups");
  zones = new Map(groups.map((group) => [group.name, group.time_zone]));
  const asked = new URLSearchParams(location.search).get("month") ?? "";
  go(/^\d{4}-\d{2}$/.test(asked) ? asked : dayIn(groups[0]?.time_zone ?? "UTC").slice(0, 7));
} catch (error) {
  show($("trouble"), error.words ?? String(error));
}
