// One study: watched while it trains, read when it is done.

import { ask, send, studyId, studyPath } from "./asking.js";
import { Chart, swatch } from "./chart.js";
import { announce, byId, make, show, tell } from "./elements.js";
import { glance, sentence } from "./glance.js";
import { results as resultsOf } from "./results.js";
import { Runs } from "./runs.js";
import { Stream } from "./stream.js";
import { sure } from "./sure.js";
import { whole } from "./words.js";

const QUIET = 20000;
const loss = new Chart("Training loss");
const validation = new Chart("Validation", { marks: true });
const runs = new Runs(byId("runs"), (run) => stop(`/runs/${encodeURIComponent(run.id)}/stop`, `Stop ${run.name}, seed ${run.seed}?`, "It ends without a model and is not taken up again; the other runs go on.", run.id));
const chosen = new Set();
let study = null, results = null, asking = false, legend = "", spoken = 0, said = "";

byId("charts").append(loss.element, validation.element);
byId("try").href = `/studies/${encodeURIComponent(studyId())}/playground`;
byId("report").href = `/studies/${encodeURIComponent(studyId())}/report.html`;
byId("metric").addEventListener("change", curves);
byId("stop").addEventListener("click", () => stop("/stop", "Stop the study?", "The step on its way is finished and kept. The same command continues it later.", null));

const stream = new Stream(changed, (lost) => {
  byId("lost").hidden = !lost;
  tell(byId("lost"), lost ? "The connection is lost. Trying again …" : "");
}, gone);

function gone(problem) {
  show(byId("problem"), make("p", {}, [`${problem.what}.`, problem.fix].filter(Boolean).join(" ")));
}

function changed(now) {
  study = now;
  byId("study").hidden = false;
  byId("actions").hidden = false;
  byId("problem").hidden = true;
  const { name, model, rows, labels, problem } = study.study;
  document.title = `${title()}${name} – tunefork`;
  tell(byId("name"), name);
  tell(byId("here"), name);
  const kind = { single_label: `${labels.length} labels`, multi_label: `${labels.length} labels, several a row`, regression: `a number: ${labels[0]}` }[problem];
  const counted = Object.entries(rows).map(([split, each]) => `${whole(each)} ${split}`).join(", ");
  show(byId("facts"), make("span", { class: `state ${study.state}` }, study.state), ` ${[model, counted && `rows: ${counted}`, kind].filter(Boolean).join(" · ")}`);
  byId("try").hidden = study.count.done === 0;
  byId("report").hidden = !study.report || study.state === "running";
  byId("stop").hidden = study.state !== "running";
  if (study.state !== "running") stopping(false);
  show(byId("continue"), study.state === "interrupted" ? [make("p", {}, "Nothing works on this study now. What was trained is kept; the same command continues it:"), make("pre", {}, study.study.again)] : []);
  show(byId("trials"), study.trials ? `The search has tried ${whole(study.trials)} settings.` : "");
  const notes = [...study.study.warnings.map((each) => `Warning: ${each}`), ...study.study.notices];
  byId("notes").hidden = notes.length === 0;
  if (byId("notices").children.length !== notes.length) byId("notices").replaceChildren(...notes.map((each) => make("li", {}, each)));
  byId("runs-section").hidden = study.runs.size === 0;
  byId("live").hidden = study.runs.size === 0;
  arrange();
  metrics();
  configurations();
  glance(byId("glance"), study, results);
  runs.update(study);
  curves();
  speak();
  refresh();
}

/** A tab that is not looked at says how far it is. */
function title() {
  const { done, steps } = study.progress;
  return study.state === "running" && steps ? `${Math.floor((100 * done) / steps)} % · ` : "";
}

/** Results first once there is nothing to watch any more. */
function arrange() {
  const over = study.state === "finished" || study.state === "failed";
  const [section, live] = [byId("results"), byId("live")];
  const first = Boolean(section.compareDocumentPosition(live) & Node.DOCUMENT_POSITION_FOLLOWING);
  if (over && !first) live.before(section);
  if (!over && first) byId("runs-section").after(section);
}

function metrics() {
  const known = study.study.metrics;
  byId("metric-label").hidden = known.length === 0;
  if (byId("metric").options.length === known.length) return;
  byId("metric").replaceChildren(...known.map((each) => make("option", { value: each.id }, each.name)));
  byId("metric").value = study.study.headline;
}

function configurations() {
  const known = new Map([...study.runs.values()].map((run) => [run.place, run.name]));
  const now = JSON.stringify([...known]);
  if (now === legend) return;
  legend = now;
  chosen.clear();
  byId("legend").replaceChildren(...[...known].sort(([a], [b]) => a - b).map(([place, name]) =>
    make("button", { type: "button", "aria-pressed": "false", onclick: (event) => choose(place, event.currentTarget) }, swatch(place), name)));
}

function choose(place, button) {
  if (!chosen.delete(place)) chosen.add(place);
  button.setAttribute("aria-pressed", String(chosen.has(place)));
  for (const each of [loss, validation, runs]) each.choose(chosen);
}

function curves() {
  const order = [...study.runs.values()];
  const several = new Set(order.map((run) => run.seed)).size > 1;
  const until = Math.max(1, ...order.map((run) => run.steps));
  const named = (run) => (several ? `${run.name}, seed ${run.seed}` : run.name);
  const metric = study.study.metrics.find((each) => each.id === byId("metric").value);
  const place = study.study.metrics.indexOf(metric) + 1;
  const of = (points) => order.map((run) => ({ name: named(run), place: run.place, points: points(study.curves.get(run.id)) }));
  loss.set(of((curve) => curve?.loss ?? []), { unit: "lower is better", until });
  if (metric) {
    validation.set(of((curve) => (curve?.validation ?? []).map((each) => [each[0], each[place]])), {
      title: `Validation ${metric.name}`, percent: metric.percent, unit: `${metric.percent ? "%, " : ""}${metric.lower ? "lower" : "higher"} is better`, until,
    });
  }
}

function speak() {
  const now = sentence(study), key = `${study.state} ${study.count.ended}`;
  if (key === said && Date.now() - spoken < QUIET) return;
  if (said) announce(now);
  [said, spoken] = [key, Date.now()];
}

async function refresh() {
  if (asking || results?.results === study.results) return;
  asking = true;
  try {
    results = await ask(`${studyPath()}/results`);
    const shown = resultsOf(results, study.state === "running");
    byId("results").hidden = shown.length === 0;
    byId("results-body").replaceChildren(...shown);
    tell(byId("results-title"), study.state === "running" ? "Results so far" : "Results");
    glance(byId("glance"), study, results);
  } catch (problem) {
    gone(problem.parts ?? { what: String(problem) });
  }
  asking = false;
}

/** Whether the study was asked to stop. */
function stopping(asked) {
  byId("stop").disabled = asked;
  tell(byId("stop"), asked ? "Stopping …" : "Stop the study");
}

async function stop(path, question, text, run) {
  if (!(await sure(question, text))) return;
  try {
    if (run) runs.asked.add(run);
    else stopping(true);
    runs.update(study);
    await send(`${studyPath()}${path}`, {});
    announce("Asked to stop.");
  } catch (problem) {
    if (run) runs.asked.delete(run);
    stopping(false);
    runs.update(study);
    show(byId("problem"), make("p", {}, problem.whole ?? String(problem)));
  }
}

// A browser has six connections to a server: tabs that nobody looks at, of studies that have ended, must not keep them.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) stream.open();
  else if (study?.state !== "running") stream.close();
});
addEventListener("pagehide", () => stream.close());
addEventListener("pageshow", (event) => event.persisted && stream.open());
