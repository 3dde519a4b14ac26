// Elements, made of text alone: nothing that somebody typed is ever read as HTML.

import { ago, dateAndTime, t } from "./words.js";

export const $ = (id) => document.getElementById(id);

export const can = (ability) => document.body.dataset.can.split(" ").includes(ability);

// Returns an element: el("a", { href: "/now", class: "who" }, "Ana", otherElement).
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// A name that somebody gave: its own direction, whatever stands around it.
export const named = (text) => el("bdi", {}, text);

export const chip = (kind, text) => el("span", { class: `chip ${kind}` }, text);

export function time(iso) {
  return el("time", { datetime: iso, title: dateAndTime(iso) }, ago(iso));
}

// Keeps "2 minutes ago" true.
export function refreshTimes() {
  for (const element of document.querySelectorAll("time[datetime]")) {
    const text = ago(element.getAttribute("datetime"));
    if (element.textContent !== text && !element.dataset.fixed) element.textContent = text;
  }
}
setInterval(refreshTimes, 5000);

export function meter(ratio, label) {
  const bar = el("span");
  bar.style.setProperty("width", `${Math.round(Math.max(0, Math.min(1, ratio)) * 100)}%`);
  return el("span", { class: "meter", role: "img", "aria-label": label }, bar);
}

export function initials(name) {
  const parts = name.trim().split(/\s+/);
  const letters = parts.length > 1 ? [parts[0], parts.at(-1)] : [parts[0]];
  return letters.map((part) => [...part][0] ?? "").join("").toLocaleUpperCase();
}

export function avatar(name) {
  return el("span", { class: name ? "avatar" : "avatar stranger", "aria-hidden": "true" }, name ? initials(name) : "?");
}

// Replaces what an element holds only if it changed, so that focus and selection stay.
export function show(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
  element.hidden = false;
}

// Says something for a while, or until it is dismissed, and to screen readers.
export function notify(text, { stay = false } = {}) {
  const toast = el("div", { class: "toast" }, el("span", {}, text));
  toast.append(el("button", { type: "button", onclick: () => toast.remove() }, t("action.dismiss")));
  $("notices").append(toast);
  if (!stay) setTimeout(() => toast.remove(), 8000);
}

// On a narrow screen the pages are a sheet that a button opens.
const pages = $("pages");
const pagesButton = $("pages-button");
function openPages(open) {
  pages.classList.toggle("open", open);
  pagesButton.setAttribute("aria-expanded", String(open));
}
pagesButton?.addEventListener("click", () => {
  openPages(!pages.classList.contains("open"));
  if (pages.classList.contains("open")) pages.querySelector("a")?.focus();
});

// A menu closes when something else is wanted.
const menu = document.querySelector(".menu");
document.addEventListener("click", (event) => {
  if (menu?.open && !menu.contains(event.target)) menu.open = false;
  if (pagesButton && !pages.contains(event.target) && !pagesButton.contains(event.target)) openPages(false);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (menu?.open) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
  if (pages?.classList.contains("open")) {
    openPages(false);
    pagesButton.focus();
  }
});
