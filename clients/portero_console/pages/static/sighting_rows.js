// Rows of sightings, as several pages show them.

import { idOf } from "./api.js";
import { avatar, can, chip, el, named, time } from "./dom.js";
import { dateAndTime, inSeconds, percent, t } from "./words.js";

export const whoOf = (sighting) => sighting.display_name || t("sighting.stranger");

export function whoElement(sighting) {
  if (!sighting.person) {
    return el("span", {}, sighting.visit > 1 ? t("sighting.returned", { visit: sighting.visit }) : t("sighting.stranger"));
  }
  if (!can("list-people")) return named(sighting.display_name);
  return el("a", { href: `/people/${idOf(sighting.person)}` }, named(sighting.display_name));
}

// Returns how sure the server is: similarity, and the lead over the next person.
export function sureElement(sighting) {
  if (!sighting.person) return el("span", { class: "sure" });
  return el("span", { class: "sure", title: t("sighting.sure-title") },
    el("b", {}, percent(sighting.similarity)), el("br"), t("sighting.margin", { margin: percent(sighting.margin) }));
}

export function sightingRow(sighting, cameraNames, { exact = false } = {}) {
  const camera = idOf(sighting.camera);
  const seconds = (new Date(sighting.last_seen_time) - new Date(sighting.first_seen_time)) / 1000;
  const when = exact
    ? el("time", { datetime: sighting.first_seen_time, "data-fixed": "1" }, dateAndTime(sighting.first_seen_time))
    : time(sighting.first_seen_time);
  const where = el("span", { class: "where" }, named(cameraNames.get(sighting.camera) ?? camera), " · ", when);
  if (exact && seconds >= 1) where.append(` · ${inSeconds(seconds)}`);
  return el("li", { "data-name": sighting.name },
    avatar(sighting.display_name),
    el("div", { class: "what" },
      el("div", { class: "who" }, whoElement(sighting), sighting.reviewed ? " " : null, sighting.reviewed ? chip("good", t("sighting.reviewed")) : null),
      where),
    sureElement(sighting));
}
