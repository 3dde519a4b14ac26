// The audit trail: who did what, newest first. The server tells it in pages; what is looked for is picked out of them here.

import { get } from "./api.js";
import { $, chip, el, named, show } from "./dom.js";
import { count, dateAndTime, has, number, t } from "./words.js";

const PAGE = 200;
const SHOWN = 50;
const SEARCHED = 5000;
const KINDS = { done: "good", failed: "warn", denied: "bad", no_login: "bad" };
let token = "";
let rest = [];
let shown = 0;
let searched = 0;
let running = null;

function fits(entry) {
  const wanted = $("text").value.trim().toLowerCase();
  const told = [entry.subject, entry.action, entry.resource, entry.reason, entry.peer, entry.credential].join("\n").toLowerCase();
  return told.includes(wanted) && ["", entry.outcome].includes($("outcome").value);
}

const words = (text) => (text ? el("span", { class: "cell-words" }, named(text)) : null);

function row(entry) {
  const key = `audit.outcome-${entry.outcome}`;
  const who = entry.subject || t("audit.unknown");
  return el("tr", {},
    el("td", {}, el("time", { datetime: entry.time, "data-fixed": "yes" }, dateAndTime(entry.time)), el("span", { class: "cell-words narrow-only" }, named(who))),
    el("th", { scope: "row" }, el("code", {}, entry.action), words(entry.resource), words(entry.reason)),
    el("td", { class: "wide-only" }, named(who), words(entry.peer)),
    el("td", {}, chip(KINDS[entry.outcome] ?? "", has(key) ? t(key) : entry.outcome),
      entry.count > 1 ? el("span", { class: "cell-words" }, t("audit.times", { number: number(entry.count) })) : null));
}

// Looks further until there is a screenful, the trail ends, or much was looked through.
async function load(anew) {
  running?.abort();
  const mine = running = new AbortController();
  if (anew) {
    token = "";
    rest = [];
    shown = searched = 0;
    $("entries").replaceChildren();
    $("more").hidden = true;
  }
  const goal = shown + SHOWN;
  const bound = searched + SEARCHED;
  let ended = !anew && !token;
  try {
    while (shown < goal && searched < bound && !(ended && rest.length === 0)) {
      if (rest.length === 0) {
        const page = await get("/audit", { page_size: PAGE, page_token: token }, mine.signal);
        if (mine !== running) return;
        rest = page.items;
        token = page.next_page_token;
        ended = !token;
      }
      const entry = rest.shift();
      if (!entry) continue;
      searched += 1;
      if (!fits(entry)) continue;
      $("entries").append(row(entry));
      shown += 1;
    }
    $("trouble").hidden = true;
    $("frame").hidden = shown === 0;
    $("more").hidden = ended && rest.length === 0;
    $("empty").hidden = shown > 0;
    $("count").textContent = `${count("audit.count", shown)} ${t("audit.searched", { number: number(searched) })}`;
  } catch (error) {
    if (error.name !== "AbortError") show($("trouble"), error.words ?? String(error));
  }
}

let typing = null;
$("text").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => load(true), 250);
});
$("outcome").addEventListener("change", () => load(true));
$("filter").addEventListener("reset", () => setTimeout(() => load(true)));
$("filter").addEventListener("submit", (event) => event.preventDefault());
$("more").addEventListener("click", () => load(false));
load(true);
