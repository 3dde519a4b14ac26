// People: the list, and finding somebody in it.

import { get, idOf } from "./api.js";
import { $, can, chip, el, named, notify, show } from "./dom.js";
import { count, date, dateAndTime, number, t } from "./words.js";

const PAGE = 50;
let token = "";
let shown = 0;
let running = null;

function states(person) {
  const chips = [];
  if (person.blocked) chips.push(chip("bad", t("person.blocked")));
  if (person.without_consent) chips.push(chip("warn", t("person.without-consent")));
  if (person.face_count === 0) chips.push(chip("warn", t("person.without-faces")));
  if (chips.length === 0) chips.push(chip("good", t("person.recognizable")));
  return el("span", { class: "chips" }, ...chips);
}

function row(person) {
  const id = idOf(person.name);
  return el("tr", {},
    el("th", { scope: "row" }, el("a", { href: `/people/${id}`, class: "clamped" }, named(person.display_name))),
    el("td", { class: "wide-only" }, el("code", {}, id)),
    el("td", { class: "number" }, number(person.face_count)),
    el("td", {}, states(person)),
    el("td", { class: "wide-only", title: dateAndTime(person.create_time) }, date(person.create_time)));
}

function showEmpty(wanted) {
  const empty = $("empty");
  if (wanted) show(empty, el("p", {}, t("people.not-found")), el("button", { class: "plain", type: "button", onclick: reset }, t("people.show-all")));
  else show(empty, el("p", {}, t("people.none")), can("enroll") ? el("a", { class: "button", href: "/enroll" }, t("people.enroll-first")) : null);
}

function reset() {
  $("name").value = "";
  load(true);
  $("name").focus();
}

async function load(anew) {
  running?.abort();
  running = new AbortController();
  const wanted = $("name").value.trim();
  try {
    const page = await get("/people", { display_name_contains: wanted, page_size: PAGE, page_token: anew ? "" : token }, running.signal);
    if (anew) {
      $("people").replaceChildren();
      shown = 0;
    }
    $("people").append(...page.items.map(row));
    token = page.next_page_token;
    shown += page.items.length;
    $("more").hidden = !token;
    $("frame").hidden = shown === 0;
    $("empty").hidden = true;
    if (shown === 0) showEmpty(wanted);
    $("count").textContent = shown ? `${count("people.count", shown)}${token ? ` ${t("list.there-are-more")}` : ""}` : "";
  } catch (error) {
    if (error.name !== "AbortError") notify(error.words ?? String(error));
  }
}

let typing = null;
$("name").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => load(true), 250);
});
$("find").addEventListener("submit", (event) => {
  event.preventDefault();
  load(true);
});
$("more").addEventListener("click", () => load(false));
load(true);
