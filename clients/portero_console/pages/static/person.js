// One person: photos, consent, block, erasure, and where they were seen.

import { call, get, idOf } from "./api.js";
import { $, can, chip, el, notify, show, time } from "./dom.js";
import { startRights } from "./person_rights.js";
import { PhotoCard } from "./photo_cards.js";
import { photoDrop } from "./photos.js";
import { sightingRow } from "./sighting_rows.js";
import { dateAndTime, number, percent, t } from "./words.js";

const id = $("name").dataset.person;
let person = null;

export function showPerson(read) {
  person = read;
  $("name").textContent = person.display_name;
  document.title = `${person.display_name} · Portero`;
  const chips = [];
  if (person.blocked) chips.push(chip("bad", t("person.blocked")));
  if (person.without_consent) chips.push(chip("warn", t("person.without-consent")));
  if (person.face_count === 0) chips.push(chip("warn", t("person.without-faces")));
  show($("state"), ...(chips.length ? chips : [chip("good", t("person.recognizable"))]));
  const facts = [["people.id", el("code", {}, id)], ["people.faces", number(person.face_count)], ["people.since", dateAndTime(person.create_time)]];
  for (const [key, value] of Object.entries(person.labels)) facts.push([key, value]);
  show($("about"), ...facts.flatMap(([key, value]) => [el("dt", {}, key.startsWith("people.") ? t(key) : key), el("dd", {}, value)]));
  if ($("new-name") && document.activeElement !== $("new-name")) $("new-name").value = person.display_name;
}

function faceRow(face) {
  const words = t("person.face-quality", { quality: percent(face.quality.overall) });
  const remove = el("button", { type: "button", class: "danger small", onclick: () => removeFace(face, remove) }, t("photo.remove"));
  return el("li", {},
    el("div", {},
      el("span", { class: "chips" }, chip(face.quality.overall >= 0.5 ? "good" : "warn", words), el("span", { class: "quiet" }, face.model_version)),
      el("span", { class: "where" }, t("person.face-enrolled"), " ", time(face.create_time))),
    can("change-people") ? remove : null);
}

async function removeFace(face, button) {
  // A second press on the same button is the confirmation: nothing moves, and nothing is removed by one slip.
  if (button.dataset.sure !== "1") {
    button.dataset.sure = "1";
    button.textContent = t("person.face-remove-sure");
    button.addEventListener("blur", () => { button.dataset.sure = ""; button.textContent = t("photo.remove"); }, { once: true });
    return;
  }
  try {
    await call("DELETE", `/people/${id}/faces/${idOf(face.name)}`);
    notify(t("person.face-removed"));
    await reload();
    $("name").focus();
  } catch (error) {
    notify(error.words ?? String(error));
  }
}

async function loadFaces() {
  const { items } = await get(`/people/${id}/faces`, { page_size: 100 });
  show($("faces"), ...items.map(faceRow));
  $("faces-empty").hidden = items.length > 0;
}

async function loadSeen() {
  const [{ items }, cameras] = await Promise.all([get("/sightings", { person: id, page_size: 10 }), get("/cameras", { page_size: 500 })]);
  const names = new Map(cameras.items.map((camera) => [camera.name, camera.display_name || idOf(camera.name)]));
  show($("seen"), ...items.map((sighting) => sightingRow(sighting, names, { exact: true })));
  $("seen-empty").hidden = items.length > 0;
}

async function reload() {
  showPerson(await get(`/people/${id}`));
  if (can("list-people")) await loadFaces();
}

async function start() {
  try {
    await reload();
  } catch (error) {
    $("name").textContent = t("person.title");
    show($("trouble"), error.status === 404 ? t("person.not-found") : (error.words ?? String(error)));
    return;
  }
  $("content").hidden = false;
  if (can("see")) loadSeen().catch((error) => notify(error.words ?? String(error)));
  startRights(id, () => person, reload);
}

$("rename")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    showPerson(await call("PATCH", `/people/${id}`, { json: { display_name: $("new-name").value.trim() } }));
    notify(t("person.renamed"));
  } catch (error) {
    notify(error.words ?? String(error));
  }
});

if ($("drop")) {
  photoDrop($("drop"), (files) => {
    for (const file of files) {
      const card = new PhotoCard(file, (each) => {
        if (each.state !== "good" || each.asked) return;
        // What is said of the photo is read before it is enrolled.
        each.asked = true;
        const add = el("button", { type: "button", class: "small", onclick: () => each.enroll(id).then(reload) }, t("person.photo-add"));
        each.says.append(add);
      });
      $("photos").append(card.element);
    }
  });
}
start();
