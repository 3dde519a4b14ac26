// What happens now, across interruptions: resumes after the last event, so that none is missed and none told twice.

import { leaveForLogin } from "./api.js";

const RETRY = 2000;
const HIDDEN_FOR = 60000;

// Calls `on.ready`, `on.sighting`, `on.cameras` and `on.state` ("connecting", "live", "waiting", "ended").
export function followLive(on) {
  let source = null;
  let last = null;
  let hiding = null;

  function open() {
    const after = last === null ? "" : `?after=${last}`;
    source = new EventSource(`/api/v1/live${after}`);
    on.state("connecting");
    for (const kind of ["ready", "sighting", "cameras", "alive", "ended"]) source.addEventListener(kind, take);
    source.onerror = retry;
  }

  function take(event) {
    if (event.lastEventId) last = event.lastEventId;
    const data = JSON.parse(event.data);
    if (event.type === "ended") return end(data);
    on.state("live");
    on[event.type]?.(data);
  }

  function end(problem) {
    source.close();
    if (problem.status === 401) return leaveForLogin();
    if (problem.reason === "POSITION_BEYOND_LAST") last = null;
    on.state("ended", problem);
    setTimeout(open, 5 * RETRY);
  }

  function retry() {
    // The browser would try again by itself, but not after every kind of answer.
    source.close();
    on.state("waiting");
    setTimeout(async () => {
      const answer = await fetch("/api/v1/caller").catch(() => null);
      if (answer?.status === 401) leaveForLogin();
      else open();
    }, RETRY + Math.random() * RETRY);
  }

  // A browser opens few connections to one server: a page that nobody sees lets its own go.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) {
      hiding = setTimeout(() => { source.close(); source = null; }, HIDDEN_FOR);
    } else if (source === null) {
      open();
    }
  });
  open();
}
