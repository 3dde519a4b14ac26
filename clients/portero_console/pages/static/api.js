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
  const body = await answer.json().catch(() => null);
  if (answer.ok) return body;
  if (answer.status === 401) leaveForLogin();
  throw new ApiError(body ?? { status: answer.status, reason: "", detail: answer.statusText });
}

export const get = (path, query, signal) => call("GET", path, { query, signal });

export const idOf = (name) => name.slice(name.lastIndexOf("/") + 1);
