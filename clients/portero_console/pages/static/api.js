// Calls of the console's REST API, and its errors in the words of the page.

import { has, t } from "./words.js";

const csrf = document.querySelector('meta[name="csrf-token"]').content;

export class ApiError extends Error {
  constructor(problem) {
    super(problem.detail);
    this.status = problem.status;
    this.reason = problem.reason;
    this.violations = problem.violations ?? [];
    this.retryAfter = problem.retry_after ?? null;
  }

  // What happened and what to do, for people; what the server said stands behind it where there is nothing better.
  get words() {
    if (has(`reason.${this.reason}`)) return t(`reason.${this.reason}`);
    const known = has(`status.${this.status}`) ? t(`status.${this.status}`) : t("status.other");
    return `${known} ${this.message}`;
  }
}

export function leaveForLogin() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

async function answerOf(path, options) {
  try {
    return await fetch(`/api/v1${path}`, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({ status: 0, reason: "CONSOLE_UNREACHABLE", detail: "" });
  }
}

// Makes a call: call("POST", "/people", { json: {...}, key: uuid }), call("POST", "/images/search", { photo: blob }).
export async function call(method, path, { json, photo, query, key, signal } = {}) {
  const headers = {};
  if (csrf) headers["x-csrf-token"] = csrf;
  if (key) headers["idempotency-key"] = key;
  if (json !== undefined) headers["content-type"] = "application/json";
  if (photo) headers["content-type"] = photo.type;
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const search = given.length ? `?${new URLSearchParams(given)}` : "";
  const answer = await answerOf(path + search, {
    method, headers, signal, body: photo ?? (json === undefined ? undefined : JSON.stringify(json)),
  });
  if (answer.status === 204) return null;
  if (!answer.ok) throw await errorOf(answer);
  return answer.json();
}

async function errorOf(answer) {
  if (answer.status === 401) leaveForLogin();
  const body = await answer.json().catch(() => null);
  return new ApiError(body ?? { status: answer.status, reason: "", detail: answer.statusText });
}

export const get = (path, query, signal) => call("GET", path, { query, signal });

const MOST = 10000;

// Returns the items of all pages of a list; a list that has no end for people is cut.
export async function getAll(path, query = {}) {
  const items = [];
  let token = "";
  do {
    const page = await get(path, { ...query, page_size: 1000, page_token: token });
    items.push(...page.items);
    token = page.next_page_token;
  } while (token && items.length < MOST);
  return items;
}

// Has the browser keep a file of the API, under the name that the answer says.
export async function download(path, query) {
  const answer = await answerOf(`${path}?${new URLSearchParams(query)}`, { method: "GET" });
  if (!answer.ok) throw await errorOf(answer);
  const [, name] = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition")) ?? [null, "report"];
  const address = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

export const idOf = (name) => name.slice(name.lastIndexOf("/") + 1);
