// The list of studies, asked for again as long as somebody looks at it.

import { ask } from "./asking.js";
import { byId, make, tell } from "./elements.js";
import { ago, count, whole } from "./words.js";

const EVERY = 3000;
let before = "";

async function refresh() {
  if (!document.hidden) {
    try {
      const found = await ask("/api/studies");
      byId("lost").hidden = true;
      const now = JSON.stringify(found) + Math.floor(Date.now() / 60000);
      if (now !== before) list(found);
      before = now;
    } catch (problem) {
      tell(byId("lost"), problem.whole ?? String(problem));
      byId("lost").hidden = false;
    }
  }
  setTimeout(refresh, EVERY);
}

function list({ root, studies }) {
  const running = studies.filter((each) => each.state === "running").length;
  tell(byId("root"), studies.length ? `${whole(studies.length)} in ${root}${running ? `, ${running} running` : ""}` : `in ${root}`);
  byId("empty").hidden = studies.length > 0;
  const focused = document.activeElement?.dataset?.study;
  byId("studies").replaceChildren(...studies.map(item));
  if (focused) document.querySelector(`[data-study="${CSS.escape(focused)}"]`)?.focus();
}

function item(study) {
  const rows = Object.values(study.rows).reduce((sum, each) => sum + each, 0);
  const data = [study.data, rows ? count(rows, "row") : null].filter(Boolean).join(", ");
  return make("li", {},
    make("div", {},
      make("h2", {}, make("a", { href: `/studies/${study.id}`, "data-study": study.id }, study.name)),
      make("p", {}, [study.model, data].filter(Boolean).join(" · ") || study.place),
      study.place === study.name ? null : make("p", {}, `in ${study.place}/`)),
    make("div", {},
      make("span", { class: `state ${study.state}` }, study.state),
      study.total ? make("p", {}, `${study.done} of ${count(study.total, "run")} done`, study.broken ? make("span", { class: "state failed" }, ` ${study.broken} failed`) : null)
        : make("p", {}, study.trials ? `${count(study.trials, "trial")} so far` : study.error ? "" : study.state === "running" ? "looking at rows and model" : "no run yet"),
      study.total ? make("progress", { max: study.total, value: study.ended, class: study.state, "aria-label": `runs of ${study.name} that have ended` }) : null),
    make("div", {}, study.best ? [make("strong", {}, `${study.best.metric} ${study.best.text}`), make("p", {}, `${study.best.name}, best on validation`)] : null),
    make("time", { datetime: new Date(study.changed * 1000).toISOString() }, ago(study.changed)),
    study.error ? make("p", { class: "error" }, study.error) : null);
}

refresh();
