// Now: cameras, who is here, the latest sightings, figures.

import { get, idOf } from "./api.js";
import { $, avatar, can, chip, el, named, show, time } from "./dom.js";
import { followLive } from "./live.js";
import { sightingRow, whoElement } from "./sighting_rows.js";
import { clock, dollars, inSeconds, number, percent, secondsOf, t } from "./words.js";

const LATEST = 30;
const HERE_WITHIN = 10000;
const USAGE_EVERY = 30000;
const NAMES_EVERY = 60000;

const latest = new Map();
const here = new Map();
const cameraNames = new Map();
let cameras = [];

function keep(sighting) {
  if (sighting.track_count === 0) {
    latest.delete(sighting.name);
    here.delete(sighting.name);
    return false;
  }
  latest.set(sighting.name, sighting);
  return true;
}

const byTime = (one, other) => (one.first_seen_time < other.first_seen_time ? 1 : -1);

function showLatest() {
  const rows = [...latest.values()].sort(byTime);
  for (const old of rows.splice(LATEST)) latest.delete(old.name);
  show($("latest"), ...rows.map((sighting) => sightingRow(sighting, cameraNames)));
  $("latest-empty").hidden = rows.length > 0;
}

function showHere() {
  const people = [...here.values()].sort(byTime);
  show($("here"), ...people.map((sighting) => el("li", {},
    avatar(sighting.display_name),
    el("span", { class: "who" }, whoElement(sighting)),
    el("span", { class: "where" }, named(cameraNames.get(sighting.camera) ?? idOf(sighting.camera)), " · ", time(sighting.first_seen_time)))));
  $("here-empty").hidden = people.length > 0;
  $("figure-here").textContent = number(people.length);
}

// Puts somebody before a camera; who is at another one now is no longer at the first.
function arrive(sighting) {
  for (const [name, other] of here) {
    if (sighting.person && other.person === sighting.person) here.delete(name);
  }
  here.set(sighting.name, sighting);
}

const isFresh = (sighting) => Date.now() - new Date(sighting.last_seen_time) < HERE_WITHIN;
const busyCameras = () => new Set(cameras.filter(({ status }) => status?.open_tracks > 0).map(({ camera }) => camera.name));

// Takes away whoever is before no camera any more, also where nobody told that they left.
function leaveEmptyCameras() {
  const busy = busyCameras();
  const before = here.size;
  for (const [name, sighting] of here) {
    if (!busy.has(sighting.camera) && !isFresh(sighting)) here.delete(name);
  }
  if (here.size !== before) showHere();
}

// Puts back who was taken away by mistake: a camera that follows somebody while nobody is said to be there.
function fillBusyCameras(sightings) {
  const told = new Set([...here.values()].map((sighting) => sighting.camera));
  const busy = busyCameras();
  for (const sighting of sightings) {
    if (busy.has(sighting.camera) && !told.has(sighting.camera) && isFresh(sighting) && keep(sighting)) arrive(sighting);
  }
}

function stateOf({ camera, status }) {
  if (camera.disabled) return ["off", "", t("camera.disabled")];
  if (!status?.streaming) return ["waiting", "", t("camera.waiting")];
  if (adviceOf(status).length) return ["trouble", "warn", t("camera.streaming")];
  return ["live", "good", t("camera.streaming")];
}

function adviceOf(status) {
  const advice = [];
  if (["dark", "covered", "moved"].includes(status.view_state)) advice.push(t(`camera.view-${status.view_state}`));
  if (!["unknown", "steady"].includes(status.clock_state)) advice.push(t("camera.clock"));
  if (status.asked_pause !== null) advice.push(t("camera.paused"));
  else if (status.steering_causes.includes("overloaded")) advice.push(t("camera.slowed"));
  return advice;
}

function cameraCard(each) {
  const { camera, status } = each;
  const [state, kind, words] = stateOf(each);
  const facts = el("dl", { class: "facts" });
  const fact = (key, value) => facts.append(el("dt", {}, t(key)), el("dd", {}, value));
  if (status?.streaming) {
    fact("camera.rate", t("camera.per-second", { rate: number(status.frame_rate, 1) }));
    fact("camera.faces", number(status.open_tracks));
    const name = secondsOf(status.time_to_name_p95);
    if (name !== null) fact("camera.time-to-name", inSeconds(name));
    if (status.frames_missing > 0) fact("camera.missing", number(status.frames_missing));
  } else if (status?.last_frame_time) {
    fact("camera.last", time(status.last_frame_time));
  }
  return el("li", { class: "camera", "data-state": state },
    el("h3", {}, named(camera.display_name || idOf(camera.name))),
    el("p", { class: "chips" }, chip(kind, words), camera.site ? el("span", { class: "quiet" }, named(camera.site)) : null),
    facts,
    status?.streaming && adviceOf(status).length ? el("ul", { class: "advice" }, ...adviceOf(status).map((words) => el("li", {}, words))) : null);
}

function showCameras(report) {
  const label = ({ camera }) => camera.display_name || idOf(camera.name);
  cameras = report.cameras.toSorted((one, other) => label(one).localeCompare(label(other)));
  let renamed = false;
  for (const each of cameras) {
    renamed ||= cameraNames.get(each.camera.name) !== label(each);
    cameraNames.set(each.camera.name, label(each));
  }
  if (renamed) {
    showHere();
    showLatest();
  }
  leaveEmptyCameras();
  show($("cameras"), ...cameras.map(cameraCard));
  $("cameras-empty").hidden = cameras.length > 0 || Boolean(report.trouble);
  $("cameras-trouble").hidden = !report.trouble;
  $("cameras-trouble").textContent = report.trouble ? t("camera.trouble") : "";
  const open = cameras.filter(({ status }) => status?.streaming);
  $("figure-cameras").textContent = t("now.of", { some: number(open.length), all: number(cameras.length) });
  const slowest = Math.max(...open.map(({ status }) => secondsOf(status.time_to_name_p95) ?? -1), -1);
  $("figure-latency").textContent = slowest < 0 ? "–" : inSeconds(slowest);
}

async function loadSightings() {
  const { items } = await get("/sightings", { page_size: LATEST });
  here.clear();
  for (const sighting of items.toReversed()) {
    if (keep(sighting) && isFresh(sighting)) arrive(sighting);
  }
  showLatest();
  showHere();
}

// Reads what is shown again: an erasure is no event, and no name may stay that may not be told any more.
async function refreshNames() {
  const page = await get("/sightings", { page_size: LATEST }).catch(() => null);
  if (page === null) return;
  const read = new Map(page.items.map((sighting) => [sighting.name, sighting]));
  for (const name of new Set([...latest.keys(), ...here.keys()])) {
    try {
      const sighting = read.get(name) ?? await get(`/sightings/${idOf(name)}`);
      for (const shown of [latest, here]) if (shown.has(name)) shown.set(name, sighting);
    } catch (error) {
      if (error.status === 404) for (const shown of [latest, here]) shown.delete(name);
    }
  }
  fillBusyCameras(page.items.toReversed());
  showLatest();
  showHere();
}

async function loadUsage() {
  const usage = await get("/usage").catch(() => null);
  if (usage === null) return;
  const calls = usage.calls.reduce((sum, line) => sum + line.calls, 0);
  const avoided = usage.avoided.reduce((sum, line) => sum + line.count, 0);
  $("figure-calls").textContent = number(calls);
  show($("figure-avoided"), number(avoided),
    calls + avoided ? el("small", {}, t("now.of-all", { share: percent(avoided / (calls + avoided)) })) : null);
  show($("figure-cost"), dollars(usage.dollars), el("small", {}, t("now.projected", { dollars: dollars(usage.projected_month_dollars) })));
}

let announced = "";
function showLink(state, problem) {
  if (announced === state) return;
  announced = state;
  $("link").dataset.state = state;
  $("link-words").textContent = problem ? `${t("live.ended")} ${problem.detail}` : t(`live.${state}`);
}

followLive({
  state: showLink,
  ready: () => loadSightings().catch((error) => showLink("ended", { detail: error.words ?? "" })),
  cameras: showCameras,
  sighting: ({ kind, sighting }) => {
    const isThere = keep(sighting);
    if (kind === "left") here.delete(sighting.name);
    else if (isThere && (kind !== "revised" || here.has(sighting.name))) arrive(sighting);
    showLatest();
    showHere();
  },
});

setInterval(refreshNames, NAMES_EVERY);
if (can("see-usage")) {
  loadUsage();
  setInterval(loadUsage, USAGE_EVERY);
}

const wallClock = $("clock");
if (wallClock) {
  const tick = () => { wallClock.textContent = clock(new Date()); };
  tick();
  setInterval(tick, 1000);
}
