// The table of runs. Rows stay where they are, so that whoever stands on a button keeps it.

import { swatch } from "./chart.js";
import { make, tell } from "./elements.js";
import { shown, whole } from "./words.js";

const OPEN = ["planned", "running", "paused"];

export class Runs {
  /**
   * @param {HTMLElement} body  of the table
   * @param {function} stop  told the run that somebody wants to stop
   */
  constructor(body, stop) {
    this.body = body;
    this.stop = stop;
    this.rows = new Map();
    this.asked = new Set();
  }

  update(study) {
    const metric = study.study.metrics.find((each) => each.id === study.study.headline);
    tell(document.getElementById("score-title"), metric ? `validation ${metric.name}` : "validation");
    this.body.parentElement.classList.toggle("one-seed", new Set([...study.runs.values()].map((run) => run.seed)).size < 2);
    for (const id of this.rows.keys()) if (!study.runs.has(id)) this.remove(id);
    for (const run of study.runs.values()) this.put(run, study);
  }

  /** Only some configurations strongly; all where the set is empty. */
  choose(places) {
    for (const row of this.rows.values()) row.element.classList.toggle("dim", places.size > 0 && !places.has(row.place));
  }

  put(run, study) {
    const row = this.rows.get(run.id) ?? this.add(run);
    tell(row.name, run.name);
    tell(row.seed, String(run.seed));
    const status = run.status === "running" && study.state !== "running" ? "interrupted" : run.status;
    row.state.className = `state ${status}`;
    tell(row.state, status);
    tell(row.why, run.reason);
    row.why.hidden = !run.reason;
    const unknown = run.steps === 0;
    tell(row.steps, unknown ? "–" : `${whole(run.step)} / ${whole(run.steps)}`);
    row.bar.max = run.steps || 1;
    row.bar.value = run.status === "planned" ? 0 : run.step;
    row.bar.className = run.status;
    row.bar.hidden = !["running", "paused"].includes(run.status);
    tell(row.loss, shown(run.loss, false));
    tell(row.score, run.score || "–");
    row.element.classList.toggle("leads", run.id === study.leading);
    row.element.classList.toggle("broken", ["failed", "diverged"].includes(run.status));
    const possible = study.state === "running" && OPEN.includes(run.status);
    row.button.hidden = !possible;
    const asked = run.asked || this.asked.has(run.id);
    row.button.disabled = asked;
    tell(row.button.firstChild, asked ? (run.status === "running" ? "stopping …" : "will not train") : "Stop");
    if (!OPEN.includes(run.status)) this.asked.delete(run.id);
  }

  add(run) {
    const row = { place: run.place, name: make("span"), seed: make("td"), state: make("span"), why: make("span", { class: "why" }), steps: make("span"),
      bar: make("progress", { "aria-label": `steps of ${run.name}, seed ${run.seed}` }), loss: make("td"), score: make("td") };
    row.button = make("button", { class: "button small danger", type: "button", onclick: () => this.stop(run) }, make("span", {}, "Stop"), make("span", { class: "unseen" }, ` ${run.name}, seed ${run.seed}`));
    row.element = make("tr", {},
      make("th", { scope: "row" }, make("span", { class: "named" }, swatch(run.place), row.name)), row.seed, make("td", {}, row.state, row.why),
      make("td", {}, make("div", { class: "steps" }, row.steps, row.bar)), row.loss, row.score, make("td", {}, row.button));
    this.body.append(row.element);
    this.rows.set(run.id, row);
    return row;
  }

  remove(id) {
    this.rows.get(id).element.remove();
    this.rows.delete(id);
  }
}
