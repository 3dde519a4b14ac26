// How attendance is told: statuses, reasons, times where the group meets.

import { chip, el } from "./dom.js";
import { has, number, t, timeIn } from "./words.js";

export const STATUSES = ["present", "late", "left_early", "absent", "excused", "unproven"];
const KINDS = { present: "good", late: "warn", left_early: "warn", absent: "bad" };

const said = (key, value) => (has(`attendance.${key}-${value}`) ? t(`attendance.${key}-${value}`) : t("attendance.other"));

export const statusChip = (status) => chip(KINDS[status] ?? "", said("status", status));

const words = (...children) => el("span", { class: "cell-words" }, ...children);

// Returns status, reason, and when and why nobody could tell; `correction` is what a person said, where it is known.
export function statusCell(record, zone, correction = null) {
  const spans = record.unproven.map((span) => words(
    `${timeIn(span.start_time, zone)}–${timeIn(span.end_time, zone)}: ${span.causes.map((cause) => said("cause", cause)).join(", ")}`));
  const corrected = correction && words(t("attendance.corrected-by", { who: correction.corrected_by }), " ", el("bdi", {}, correction.reason));
  return el("td", {}, statusChip(record.status), words(said("reason", record.reason)), corrected, ...spans);
}

export function timeCell(moment, zone) {
  return el("td", { class: "wide-only" }, moment ? el("time", { datetime: moment, "data-fixed": "yes" }, timeIn(moment, zone)) : "–");
}

// Returns how many there are of each status, without those of which there is none.
export function countChips(counts) {
  const kept = STATUSES.filter((status) => counts[status] > 0);
  return el("p", { class: "chips" }, ...kept.map((status) => chip(KINDS[status] ?? "", `${said("status", status)}: ${number(counts[status])}`)));
}

export function countsOf(totals) {
  return Object.fromEntries(STATUSES.map((status) => [status, totals.reduce((sum, each) => sum + each[`${status}_count`], 0)]));
}

export const idOfSession = (name) => name.slice(name.indexOf("/") + 1);
export const titleOf = (session) => idOfSession(session).split("/")[0];

// Returns whether a session takes place, begins, or is decided, as a chip.
export function sessionChip(session, now = Date.now()) {
  if (session.state !== "held") return chip("warn", said("session", session.state));
  if (new Date(session.start_time) > now) return chip("", t("attendance.session-later"));
  if (new Date(session.end_time) > now) return chip("good", t("attendance.session-running"));
  if (!session.decide_time || session.stale) return chip("", t("attendance.session-deciding"));
  return chip("good", t("attendance.session-decided"));
}
