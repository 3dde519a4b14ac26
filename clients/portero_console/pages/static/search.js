// Search by photo: every face, who it is, and who it may be.

import { call, idOf } from "./api.js";
import { $, can, chip, el, meter, named, show } from "./dom.js";
import { fitPhoto, framedPhoto, photoDrop } from "./photos.js";
import { count, number, percent, t } from "./words.js";

let running = null;

function person(name, displayName) {
  return can("list-people") ? el("a", { href: `/people/${idOf(name)}` }, named(displayName)) : named(displayName);
}

function verdict(face) {
  if (face.match) {
    return [el("strong", {}, person(face.match.person, face.match.display_name)),
      chip("good", t("search.similarity", { similarity: percent(face.match.similarity) })),
      chip("", t("sighting.margin", { margin: percent(face.match.margin) }))];
  }
  return [el("strong", {}, t("search.nobody")), face.between_look_alikes ? chip("warn", t("search.look-alikes")) : null];
}

function faceItem(face, index) {
  const candidates = face.candidates.map((each) => el("li", {},
    person(each.person, each.display_name),
    meter(each.similarity, t("search.similarity", { similarity: percent(each.similarity) })),
    el("span", { class: "number" }, percent(each.similarity))));
  return el("li", {},
    el("div", { class: "verdict" }, el("span", { class: "place", "aria-label": t("search.face", { number: index + 1 }) }, number(index + 1)), ...verdict(face).filter(Boolean)),
    face.quality.overall < 0.5 ? el("p", { class: "quiet" }, t("search.poor", { quality: percent(face.quality.overall) })) : null,
    candidates.length
      ? el("div", {}, el("p", { class: "quiet" }, t("search.candidates")), el("ol", { class: "candidates" }, ...candidates))
      : el("p", { class: "quiet" }, t("search.no-candidates")));
}

async function search([file]) {
  running?.abort();
  running = new AbortController();
  $("trouble").hidden = true;
  $("result").hidden = true;
  $("progress").textContent = t("search.running");
  try {
    const photo = await fitPhoto(file);
    const faces = await call("POST", "/images/search", { photo, signal: running.signal });
    const boxes = faces.map((face, index) => ({ box: face.box, label: number(index + 1) }));
    show($("photo"), framedPhoto(photo, t("search.photo-alt", { faces: count("search.found", faces.length) }), boxes));
    $("found").textContent = faces.length ? count("search.found", faces.length) : t("search.no-face");
    show($("faces"), ...(faces.length ? faces.map(faceItem) : [el("li", {}, el("p", {}, t("search.no-face-hint")))]));
    $("result").hidden = false;
    $("progress").textContent = "";
    $("found").focus();
  } catch (error) {
    if (error.name === "AbortError") return;
    $("progress").textContent = "";
    show($("trouble"), error.words ?? String(error));
  }
}

photoDrop($("drop"), search, { several: false });
