// Enrolls somebody: a name, photos that are checked before they are saved, then one after the other.

import { call, idOf } from "./api.js";
import { $, can, el, named, show } from "./dom.js";
import { PhotoCard } from "./photo_cards.js";
import { photoDrop } from "./photos.js";
import { count, t } from "./words.js";

let cards = [];
let person = null;
let saving = false;
// The same for each try, so that a person is added once however often the answer is lost.
let key = crypto.randomUUID?.() ?? uuid();

// Pages without TLS on another machine have no randomUUID.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

function update() {
  cards = cards.filter((card) => card.state !== "removed");
  $("save").disabled = saving || cards.some((card) => card.state === "checking");
  if (cards.some((card) => card.usable)) $("photos-trouble").hidden = true;
}

function fail(field, id, words) {
  show($(id), words);
  field?.setAttribute("aria-invalid", "true");
  field?.focus();
  return false;
}

function complete() {
  const name = $("display-name");
  name.removeAttribute("aria-invalid");
  $("name-trouble").hidden = true;
  $("photos-trouble").hidden = true;
  if (!name.value.trim()) return fail(name, "name-trouble", t("enroll.no-name"));
  if (!cards.some((card) => card.usable || card.state === "enrolled")) return fail($("photo-files"), "photos-trouble", t("enroll.no-photo"));
  return true;
}

async function save() {
  $("progress").textContent = t("enroll.saving");
  person ??= await call("POST", "/people", { json: { display_name: $("display-name").value.trim() }, key });
  $("display-name").readOnly = true;
  const wanted = cards.filter((card) => card.usable);
  for (const [index, card] of wanted.entries()) {
    $("progress").textContent = t("enroll.progress", { number: index + 1, all: wanted.length });
    await card.enroll(idOf(person.name));
  }
}

function conclude() {
  const enrolled = cards.filter((card) => card.state === "enrolled").length;
  $("progress").textContent = "";
  const left = cards.some((card) => card.usable);
  const another = el("button", { type: "button", class: "plain", onclick: () => location.assign("/enroll") }, t("enroll.another"));
  const open = can("list-people") ? el("a", { class: "button", href: `/people/${idOf(person.name)}` }, t("enroll.open")) : null;
  $("done").className = `narrow note ${enrolled && !left ? "good" : "warn"}`;
  show($("done"),
    el("h2", {}, named(person.display_name)),
    el("p", {}, enrolled ? count("enroll.done", enrolled) : t("enroll.no-face")),
    left ? el("p", {}, t("enroll.try-again")) : null,
    el("div", { class: "actions" }, open, another));
  $("done").focus();
}

$("enroll").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (saving || !complete()) return;
  saving = true;
  update();
  try {
    await save();
    conclude();
  } catch (error) {
    $("progress").textContent = "";
    const field = error.violations?.some((each) => each.field.endsWith("display_name")) ? $("display-name") : null;
    fail(field, field ? "name-trouble" : "photos-trouble", error.words ?? String(error));
    if (error.status === 400) key = uuid();
  } finally {
    saving = false;
    update();
  }
});

photoDrop($("drop"), (files) => {
  for (const file of files) {
    const card = new PhotoCard(file, update);
    cards.push(card);
    $("photos").append(card.element);
  }
  update();
});
$("display-name").focus();
