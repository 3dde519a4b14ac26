// Usage: calls made and avoided, what they cost, budgets and the month's projection.

import { get, getAll, idOf } from "./api.js";
import { $, chip, el, meter, named, show } from "./dom.js";
import { dayIn, dollars, has, number, percent, shiftDay, t } from "./words.js";

const cameraNames = new Map();
let running = null;

const nameOf = (camera) => (camera ? named(cameraNames.get(camera) ?? idOf(camera)) : t("usage.single-calls"));
const said = (kind, value) => (has(`usage.${kind}-${value}`) ? t(`usage.${kind}-${value}`) : value);
const sum = (lines, field) => lines.reduce((total, line) => total + line[field], 0);

function fill(id, rows) {
  show($(id), ...rows);
  $(`${id}-frame`).hidden = rows.length === 0;
  $(`${id}-empty`).hidden = rows.length > 0;
}

const callRow = (line) => el("tr", {},
  el("th", { scope: "row" }, nameOf(line.camera)),
  el("td", {}, el("code", {}, line.operation), el("span", { class: "cell-words" }, line.engine)),
  el("td", { class: "number" }, number(line.calls)),
  el("td", { class: "number" }, dollars(line.dollars)));

const avoidedRow = (line) => el("tr", {},
  el("th", { scope: "row" }, nameOf(line.camera)),
  el("td", {}, said("avoided", line.reason)),
  el("td", { class: "number" }, number(line.count)));

function budgetRow(budget) {
  const ratio = budget.daily_dollars > 0 ? budget.spent_dollars / budget.daily_dollars : 1;
  const words = t("usage.spent", { spent: dollars(budget.spent_dollars), budget: dollars(budget.daily_dollars), share: percent(ratio) });
  return el("li", {},
    el("span", { class: "strong" }, budget.scope === "total" ? t("usage.total") : nameOf(budget.scope)),
    chip(budget.step === "normal" ? "good" : "warn", said("step", budget.step)),
    el("span", { class: "quiet" }, words), meter(ratio, words));
}

function showUsage(usage) {
  const calls = sum(usage.calls, "calls");
  const avoided = sum(usage.avoided, "count");
  $("calls-sum").textContent = number(calls);
  show($("avoided-sum"), number(avoided),
    calls + avoided ? el("small", {}, t("now.of-all", { share: percent(avoided / (calls + avoided)) })) : null);
  $("dollars").textContent = dollars(usage.dollars);
  // The month is that of all cameras.
  for (const id of ["month", "projection"]) $(id).parentElement.hidden = $("camera").value !== "";
  $("month").textContent = dollars(usage.month_dollars);
  $("projection").textContent = dollars(usage.projected_month_dollars);
  fill("calls", usage.calls.toSorted((one, other) => other.dollars - one.dollars).map(callRow));
  fill("avoided", usage.avoided.toSorted((one, other) => other.count - one.count).map(avoidedRow));
  show($("budgets"), ...usage.budgets.map(budgetRow));
  $("budgets").hidden = usage.budgets.length === 0;
  $("budgets-empty").hidden = usage.budgets.length > 0;
}

async function load() {
  if (!$("since").validity.valid || !$("until").validity.valid) return;
  running?.abort();
  running = new AbortController();
  const since = `${$("since").value}T00:00:00Z`;
  const until = `${shiftDay($("until").value, 1)}T00:00:00Z`;
  try {
    showUsage(await get("/usage", { since, until, camera: $("camera").value }, running.signal));
    $("trouble").hidden = true;
  } catch (error) {
    if (error.name !== "AbortError") show($("trouble"), error.words ?? String(error));
  }
}

function today() {
  $("since").value = $("until").value = dayIn("UTC");
  load();
}

$("filter").addEventListener("change", load);
$("filter").addEventListener("submit", (event) => event.preventDefault());
$("today").addEventListener("click", today);
for (const camera of await getAll("/cameras").catch(() => [])) {
  const name = camera.display_name || idOf(camera.name);
  cameraNames.set(camera.name, name);
  $("camera").append(el("option", { value: idOf(camera.name) }, name));
}
today();
