// Review: one doubtful sighting after the other, by keyboard or by button.

import { call, get, idOf } from "./api.js";
import { $, el, named, show } from "./dom.js";
import { count, dateAndTime, has, percent, t } from "./words.js";

const PAGE = 20;
const OTHERS = 5;
// A key that was meant for the case before is not taken for the next one.
const SETTLING = 300;

let queue = [];
let token = "";
let loaded = false;
let busy = false;
let shown = null;
let shownAt = 0;
const done = [];
const cameraNames = new Map();

const best = ({ decisions }) => decisions.at(-1)?.candidates ?? [];

function choice(person, name, similarity, key) {
  const words = similarity === null ? null : el("span", { class: "number" }, percent(similarity));
  return el("li", {}, el("button", { type: "button", class: "plain", onclick: () => judge("this_is", person, name) },
    key ? el("kbd", {}, key) : null, el("span", { class: "who" }, t("review.this-is"), " ", named(name)), words));
}

// Returns whom the sighting may be said not to show: who it is named after, or the most similar person.
function denied({ sighting, decisions }) {
  if (sighting.person) return [idOf(sighting.person), sighting.display_name];
  const first = best({ decisions })[0];
  return first ? [idOf(first.person), first.display_name] : null;
}

function showPicture({ sighting, has_picture: hasPicture }) {
  const none = () => show($("picture"), el("p", { class: "empty" }, t("review.no-picture")));
  if (!hasPicture) return none();
  const picture = el("img", { src: `/api/v1/sightings/${idOf(sighting.name)}/review-picture`, alt: t("review.picture-alt") });
  picture.addEventListener("error", none);
  show($("picture"), el("div", { class: "framed-photo" }, picture));
}

function showCase() {
  const [item] = queue;
  if (item !== shown) {
    shown = item;
    shownAt = performance.now();
  }
  $("case").hidden = !item;
  $("empty").hidden = Boolean(item) || !loaded;
  $("undo").disabled = done.length === 0;
  if (!item) return;
  const { sighting, reason } = item;
  show($("who"), sighting.person ? named(sighting.display_name) : t("sighting.stranger"),
    sighting.person ? ` (${percent(sighting.similarity)}, ${t("sighting.margin", { margin: percent(sighting.margin) })})` : null);
  const camera = named(cameraNames.get(sighting.camera) ?? idOf(sighting.camera));
  const why = has(`review.reason-${reason}`) ? t(`review.reason-${reason}`) : "";
  show($("why"), why, " ", el("span", { class: "quiet" }, camera, " · ", dateAndTime(sighting.first_seen_time)));
  show($("candidates"), ...best(item).slice(0, 9).map((each, index) => choice(idOf(each.person), each.display_name, each.similarity, String(index + 1))));
  $("other").value = "";
  $("others").replaceChildren();
  const person = denied(item);
  $("not").hidden = !person;
  if (person) show($("not"), t("review.not"), " ", named(person[1]), " ", el("kbd", {}, "N"));
  showPicture(item);
}

async function load() {
  const page = await get("/reviews/queue", { page_size: PAGE, page_token: token });
  token = page.next_page_token;
  const known = new Set([...queue, ...done.map(({ item }) => item)].map(({ sighting }) => sighting.name));
  queue.push(...page.items.filter(({ sighting }) => !known.has(sighting.name)));
  loaded = true;
}

async function attempt(work) {
  if (busy) return;
  busy = true;
  $("trouble").hidden = true;
  try {
    await work();
  } catch (error) {
    show($("trouble"), error.words ?? String(error));
  } finally {
    busy = false;
    showCase();
  }
}

async function advance() {
  queue.shift();
  if (queue.length === 0 && token) await load();
}

function judge(action, person = "", name = "") {
  return attempt(async () => {
    const [item] = queue;
    if (!item) return;
    const { review } = await call("POST", `/sightings/${idOf(item.sighting.name)}/review`, { json: { action, person } });
    done.push({ item, review });
    $("said").textContent = t(`review.said-${action}`, { name });
    await advance();
    $("who").focus();
  });
}

function undo() {
  return attempt(async () => {
    const last = done.at(-1);
    if (!last) return;
    await call("POST", `/reviews/${idOf(last.review.name)}/undo`);
    done.pop();
    queue.unshift(last.item);
    $("said").textContent = t("review.undone");
  });
}

const deny = () => {
  const person = queue[0] && denied(queue[0]);
  if (person) judge("not", ...person);
};
const skip = () => attempt(async () => {
  await advance();
  $("said").textContent = queue.length ? count("review.left", queue.length) : "";
});

let typing = null;
$("other").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(async () => {
    const wanted = $("other").value.trim();
    const found = wanted ? await get("/people", { display_name_contains: wanted, page_size: OTHERS }).catch(() => null) : null;
    show($("others"), ...(found?.items ?? []).map((each) => choice(idOf(each.name), each.display_name, null, "")));
  }, 250);
});
$("not").addEventListener("click", deny);
$("ignore").addEventListener("click", () => judge("ignore"));
$("skip").addEventListener("click", skip);
$("undo").addEventListener("click", undo);
$("again").addEventListener("click", () => attempt(load));
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.repeat) return;
  if (event.key === "u") undo();
  else if (performance.now() - shownAt < SETTLING) return;
  else if (/^[1-9]$/.test(event.key)) {
    const each = queue[0] && best(queue[0])[Number(event.key) - 1];
    if (each) judge("this_is", idOf(each.person), each.display_name);
  } else if (event.key === "n") deny();
  else if (event.key === "i") judge("ignore");
  else if (event.key === "ArrowRight") skip();
});

get("/cameras", { page_size: 500 })
  .then(({ items }) => {
    for (const camera of items) cameraNames.set(camera.name, camera.display_name || idOf(camera.name));
  })
  .catch(() => null)
  .finally(() => attempt(load));
