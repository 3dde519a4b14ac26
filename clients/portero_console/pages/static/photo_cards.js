// Photos that are to be enrolled: each is checked at once, and says what became of it.

import { call, idOf } from "./api.js";
import { chip, el, named } from "./dom.js";
import { adviceList, fitPhoto, framedPhoto, markFaces } from "./photos.js";
import { percent, t } from "./words.js";

// Photos are checked one after the other: a key has few places at the console.
let turn = Promise.resolve();
function inTurn(work) {
  const mine = turn.then(work);
  turn = mine.catch(() => null);
  return mine;
}

// One photo to enroll. `state` is "checking", "good", "refused", "failed" or "enrolled".
export class PhotoCard {
  constructor(file, onChange) {
    this.state = "checking";
    this.photo = null;
    this.onChange = onChange;
    this.says = el("div", { class: "body", role: "status" });
    this.element = el("li", { class: "photo-card" }, this.says);
    this.file = file;
    this.check();
  }

  get usable() {
    return this.state === "good" || this.state === "failed";
  }

  async check() {
    this.turn("checking", chip("", t("photo.checking")));
    try {
      this.photo ??= await fitPhoto(this.file);
      this.frame ??= this.framed();
      const check = await inTurn(() => call("POST", "/photos/check", { photo: this.photo }));
      markFaces(this.frame, check.box ? [{ box: check.box }] : []);
      const refused = Boolean(check.reason);
      const verdict = refused ? chip("bad", t("photo.refused")) : chip(check.advice.length ? "warn" : "good", t(check.advice.length ? "photo.poor" : "photo.good"));
      this.turn(refused ? "refused" : "good", verdict, check.advice.length ? adviceList(check.advice) : null);
    } catch (error) {
      // Where nothing looks at photos before the engine does, the engine says so when it is enrolled.
      if (error.reason === "NO_ENROLL_GUARD") this.turn("good", chip("", t("photo.unchecked")));
      else this.turn(error.status >= 500 || error.status === 0 || error.status === 429 ? "failed" : "refused", chip("bad", t("photo.refused")), el("p", {}, error.words ?? String(error)));
    }
  }

  framed() {
    const frame = framedPhoto(this.photo, t("photo.alt"));
    this.element.prepend(frame);
    return frame;
  }

  async enroll(person) {
    this.turn("checking", chip("", t("photo.enrolling")));
    try {
      const face = await call("POST", `/people/${person}/faces`, { photo: this.photo });
      markFaces(this.frame, [{ box: face.box }]);
      this.turn("enrolled", chip("good", t("photo.enrolled")), ...face.look_alikes.map(lookAlike));
    } catch (error) {
      const permanent = error.status === 400 || error.status === 413 || error.status === 415;
      this.turn(permanent ? "refused" : "failed", chip("bad", t("photo.not-enrolled")), el("p", {}, error.words ?? String(error)));
    }
  }

  turn(state, ...says) {
    this.state = state;
    const remove = el("button", { type: "button", class: "plain small", onclick: () => this.remove() }, t("photo.remove"));
    const gone = state === "checking" || state === "enrolled";
    this.says.replaceChildren(...says.filter(Boolean), ...(gone ? [] : [remove]));
    this.onChange(this);
  }

  remove() {
    this.state = "removed";
    this.element.remove();
    this.onChange(this);
  }
}

function lookAlike(candidate) {
  return el("p", {}, t("photo.look-alike"), " ",
    el("a", { href: `/people/${idOf(candidate.person)}` }, named(candidate.display_name)), ` (${percent(candidate.similarity)})`);
}
