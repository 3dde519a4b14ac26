// Photos that somebody drops, pastes or picks: made fit to send, and shown with what was found in them.

import { ApiError } from "./api.js";
import { el } from "./dom.js";
import { has, t } from "./words.js";

const LARGEST = 4 * 1024 * 1024;
const LONGEST_SIDE = 2560;
const SENT_AS_IT_IS = ["image/jpeg", "image/png"];

// Returns a photo as it can be sent: others than JPEG and PNG, and very large ones, are drawn anew.
export async function fitPhoto(file) {
  if (SENT_AS_IT_IS.includes(file.type) && file.size <= LARGEST) return file;
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new ApiError({ status: 415, reason: "NOT_A_PHOTO", detail: "" });
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.92); });
}

// Fills a place with what photos are dropped on; calls `take` with the files.
export function photoDrop(place, take, { several = true } = {}) {
  const input = el("input", { type: "file", id: "photo-files", accept: "image/*", multiple: several });
  const drop = el("div", { class: "drop" },
    input,
    el("label", { for: "photo-files", class: "button plain" }, t(several ? "photos.choose" : "photos.choose-one")),
    el("p", { class: "quiet" }, t(several ? "photos.or" : "photos.or-one")));
  const images = (files) => [...files].filter((file) => file.type.startsWith("image/") || /\.(heic|heif)$/i.test(file.name));
  const given = (files) => { if (files.length) take(several ? files : files.slice(0, 1)); };
  input.addEventListener("change", () => {
    given([...input.files]);
    input.value = "";
  });
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    given(images(event.dataTransfer.files));
  });
  document.addEventListener("paste", (event) => {
    const files = images(event.clipboardData?.files ?? []);
    if (files.length) {
      event.preventDefault();
      given(files);
    }
  });
  place.replaceChildren(drop);
}

// Returns a photo with boxes around the faces in it; `boxes` are { box, label }.
export function framedPhoto(photo, description, boxes = []) {
  const url = URL.createObjectURL(photo);
  const picture = el("img", { src: url, alt: description });
  picture.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
  const frame = el("div", { class: "framed-photo" }, picture);
  markFaces(frame, boxes);
  return frame;
}

export function markFaces(frame, boxes) {
  for (const old of frame.querySelectorAll(".face-box")) old.remove();
  for (const { box, label } of boxes) {
    const mark = el("div", { class: "face-box", "aria-hidden": "true" }, label ? el("span", {}, label) : null);
    for (const side of ["left", "top", "width", "height"]) mark.style.setProperty(side, `${box[side] * 100}%`);
    frame.append(mark);
  }
}

// Returns what the server says of a photo, in the page's words.
export function adviceList(advice) {
  return el("ul", { class: "advice" }, ...advice.map((each) =>
    el("li", { class: each.refused ? "refused" : null }, has(`flaw.${each.flaw}`) ? t(`flaw.${each.flaw}`) : each.text)));
}

