// Reports as files: the buttons of pages that offer them.

import { download } from "./api.js";
import { $ } from "./dom.js";
import { t } from "./words.js";

// Connects the buttons; `query` says for "day" or "month" what the report is of.
export function offerDownloads(query) {
  const buttons = [...$("downloads").querySelectorAll("button")];
  for (const button of buttons) {
    button.addEventListener("click", async () => {
      for (const each of buttons) each.disabled = true;
      $("download-words").textContent = t("attendance.downloading");
      try {
        await download("/attendance/report/file", {
          ...query(button.dataset.span), format: button.dataset.format, language: document.documentElement.lang,
        });
        $("download-words").textContent = t("attendance.downloaded");
      } catch (error) {
        $("download-words").textContent = error.words ?? String(error);
      }
      for (const each of buttons) each.disabled = false;
      button.focus();
    });
  }
}
