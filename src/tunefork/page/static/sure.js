// A question before something that cannot be undone.

import { byId, tell } from "./elements.js";

let asked = 0;

/** Asks, and resolves to whether the answer is yes. Esc is no. */
export function sure(question, text) {
  const dialog = byId("sure"), own = (asked += 1);
  tell(byId("sure-title"), question);
  tell(byId("sure-text"), text);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const closed = () => {
      // A dialog's close is told later: it may be open again by then, with the next question.
      if (own === asked && dialog.open) return;
      dialog.removeEventListener("close", closed);
      resolve(own === asked && dialog.returnValue === "yes");
    };
    dialog.addEventListener("close", closed);
  });
}
