// What a person may ask for: consent, block, erasure with a receipt.

import { call, get, idOf } from "./api.js";
import { $, chip, el, notify, show } from "./dom.js";
import { dateAndTime, number, t } from "./words.js";

const ERASING_EVERY = 2000;

// Starts the sections that the page has.
export function startRights(id, person, reload) {
  if ($("consents")) startConsents(id, reload);
  if ($("block")) startBlock(id, person, reload);
  if ($("erase")) startErasure(id, person);
}

function startConsents(id, reload) {
  async function load() {
    const privacy = await get(`/people/${id}/privacy`);
    show($("consents"), ...privacy.consents.map(row));
    $("consents-empty").hidden = privacy.consents.length > 0;
  }

  function row(consent) {
    const holds = !consent.withdraw_time && (!consent.expire_time || new Date(consent.expire_time) > new Date());
    const withdraw = el("button", { type: "button", class: "plain small", onclick: () => act("withdraw", { consent: idOf(consent.name) }, "consent.withdrawn") }, t("consent.withdraw"));
    return el("li", {},
      el("div", {},
        el("div", { class: "strong" }, el("bdi", {}, consent.purpose)),
        el("div", { class: "quiet" }, el("bdi", {}, consent.text_version), " · ", el("bdi", {}, consent.channel), " · ", dateAndTime(consent.give_time)),
        consent.guardian ? el("div", { class: "quiet" }, t("consent.by-guardian"), " ", el("bdi", {}, consent.guardian)) : null),
      holds ? withdraw : chip("", t(consent.withdraw_time ? "consent.is-withdrawn" : "consent.is-expired")));
  }

  async function act(path, json, said) {
    try {
      await call("POST", `/people/${id}/consents${path ? `/${path}` : ""}`, { json });
      notify(t(said));
      await Promise.all([load(), reload()]);
    } catch (error) {
      notify(error.words ?? String(error));
    }
  }

  $("consent").addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    await act("", fields, "consent.recorded");
  });
  load().catch((error) => notify(error.words ?? String(error)));
}

function startBlock(id, person, reload) {
  const button = $("block");
  const dialog = $("block-dialog");
  const label = () => {
    button.textContent = person().blocked ? t("rights.unblock") : t("rights.block");
    $("block-words").textContent = person().blocked ? t("rights.blocked-now") : t("rights.block-hint");
  };

  async function act(path, json) {
    try {
      await call("POST", `/people/${id}/${path}`, json ? { json } : {});
      await reload();
      label();
      notify(t(path === "block" ? "rights.is-blocked" : "rights.is-unblocked"));
    } catch (error) {
      notify(error.words ?? String(error));
    }
  }

  button.addEventListener("click", () => {
    if (person().blocked) act("unblock");
    else dialog.showModal();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "block") act("block", { reason: $("block-reason").value });
    dialog.returnValue = "";
  });
  label();
}

function startErasure(id, person) {
  const dialog = $("erase-dialog");
  const typed = $("erase-name");
  const fits = () => typed.value.trim() === person().display_name.trim();
  typed.addEventListener("input", () => { $("erase-now").disabled = !fits(); });
  $("erase").addEventListener("click", () => {
    $("erase-expected").textContent = person().display_name;
    typed.value = "";
    $("erase-now").disabled = true;
    dialog.showModal();
  });
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "erase" || !fits()) return;
    $("content").hidden = true;
    $("state").hidden = true;
    await erase(id);
  });
}

async function erase(id) {
  show($("receipt"), el("p", {}, t("receipt.running")));
  $("receipt").focus();
  try {
    const erasure = await call("POST", `/people/${id}/erase`);
    showReceipt(erasure);
    if (!erasure.finish_time) setTimeout(() => erase(id), ERASING_EVERY);
  } catch (error) {
    show($("receipt"), el("p", {}, error.words ?? String(error)), el("button", { type: "button", onclick: () => erase(id) }, t("action.again")));
  }
}

function showReceipt(erasure) {
  const removed = Object.entries(erasure.removed);
  const facts = el("dl", { class: "facts" });
  const fact = (key, value) => facts.append(el("dt", {}, t(key)), el("dd", {}, value));
  fact("receipt.name", el("code", {}, erasure.name));
  fact("receipt.asked", dateAndTime(erasure.request_time));
  fact("receipt.finished", erasure.finish_time ? dateAndTime(erasure.finish_time) : t("receipt.not-yet"));
  if (erasure.digest) fact("receipt.digest", el("code", {}, erasure.digest));
  show($("receipt"),
    el("h2", {}, t(erasure.finish_time ? "receipt.done" : "receipt.running")),
    facts,
    removed.length ? el("h3", {}, t("receipt.removed")) : null,
    removed.length ? el("dl", { class: "facts" }, ...removed.flatMap(([place, count]) => [el("dt", {}, place), el("dd", {}, number(count))])) : null,
    erasure.finish_time ? el("div", { class: "actions" },
      el("button", { type: "button", onclick: () => window.print() }, t("receipt.print")),
      el("a", { href: "/people" }, t("receipt.people"))) : null);
}
