// Sightings: who was seen, by day and camera.

import { get, idOf } from "./api.js";
import { $, el, notify } from "./dom.js";
import { sightingRow } from "./sighting_rows.js";
import { count, t } from "./words.js";

const PAGE = 50;
const cameraNames = new Map();
let token = "";
let shown = 0;
let running = null;

function wanted() {
  const day = $("day").value;
  const query = { camera: $("camera").value, kind: $("kind").value, page_size: PAGE };
  if (day) {
    // A day is that of whoever looks, by the browser's own zone.
    const begin = new Date(`${day}T00:00:00`);
    const end = new Date(begin);
    end.setDate(end.getDate() + 1);
    query.since = begin.toISOString();
    query.until = end.toISOString();
  }
  return query;
}

async function load(anew) {
  running?.abort();
  running = new AbortController();
  try {
    const page = await get("/sightings", { ...wanted(), page_token: anew ? "" : token }, running.signal);
    if (anew) {
      $("sightings").replaceChildren();
      shown = 0;
    }
    $("sightings").append(...page.items.map((sighting) => sightingRow(sighting, cameraNames, { exact: true })));
    token = page.next_page_token;
    shown += page.items.length;
    $("more").hidden = !token;
    $("empty").hidden = shown > 0;
    $("count").textContent = shown ? `${count("sightings.count", shown)}${token ? ` ${t("list.there-are-more")}` : ""}` : "";
  } catch (error) {
    if (error.name !== "AbortError") notify(error.words ?? String(error));
  }
}

async function loadCameras() {
  const { items } = await get("/cameras", { page_size: 500 });
  for (const camera of items) {
    const name = camera.display_name || idOf(camera.name);
    cameraNames.set(camera.name, name);
    $("camera").append(el("option", { value: idOf(camera.name) }, name));
  }
}

$("filter").addEventListener("change", () => load(true));
$("filter").addEventListener("reset", () => setTimeout(() => load(true)));
$("filter").addEventListener("submit", (event) => event.preventDefault());
$("more").addEventListener("click", () => load(false));
await loadCameras().catch((error) => notify(error.words ?? String(error)));
load(true);
