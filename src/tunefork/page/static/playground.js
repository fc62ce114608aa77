// Every model of a study is asked the same, one after the other; their answers stand side by side.

import { ask, Problem, send, studyId, studyPath } from "./asking.js";
import { swatch } from "./chart.js";
import { announce, byId, make, show, tell } from "./elements.js";
import { share } from "./words.js";

const LISTED = 5;
let found = null, picture = null, under = null;

async function begin() {
  const { studies } = await ask("/api/studies");
  byId("studies").replaceChildren(...studies.filter((each) => each.done > 0 || each.id === studyId()).map((each) => make("option", { value: each.id }, each.place === each.name ? each.name : `${each.name} (${each.place})`)));
  byId("studies").value = studyId();
  byId("studies").addEventListener("change", () => location.assign(`/studies/${encodeURIComponent(byId("studies").value)}/playground`));
  byId("study-link").href = `/studies/${encodeURIComponent(studyId())}`;
  found = await ask(`${studyPath()}/playground`);
  if (found.begun) tell(byId("study-link"), found.name);
  if (!found.runs.length) {
    show(byId("problem"), make("p", {}, "There is no model to ask yet. A run's model can be asked as soon as the run is done."));
    return;
  }
  document.title = `${found.name}: playground – tunefork`;
  byId("question").hidden = false;
  byId("fields").replaceChildren(...(found.images ? [dropping()] : found.columns.map(field)));
  byId("seeds-label").hidden = new Set(found.runs.map((run) => run.seed)).size < 2;
  byId("question").addEventListener("submit", (event) => { event.preventDefault(); go(); });
  examples();
  tell(byId("hint"), found.images ? "" : "Ctrl and Enter ask, too.");
}

function field(name, place) {
  const text = make("textarea", { id: `text-${place}`, rows: "3", maxlength: "50000", required: true, placeholder: place ? "" : "Type or paste a text …" });
  text.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("question").requestSubmit(); });
  return make("div", { class: "field" }, make("label", { for: `text-${place}` }, name), text);
}

function dropping() {
  const input = make("input", { type: "file", id: "file", accept: "image/*" });
  const preview = make("img", { alt: "The picture that is asked about", hidden: true });
  const take = (file) => {
    if (!file) return;
    picture = file;
    if (preview.src) URL.revokeObjectURL(preview.src);
    preview.src = URL.createObjectURL(file);
    preview.hidden = false;
    go();
  };
  input.addEventListener("change", () => take(input.files[0]));
  const area = make("div", { class: "drop" }, preview, make("div", {}, make("label", { for: "file" }, "Drop a picture here, paste one, or choose a file"), make("div", {}, input)));
  for (const name of ["dragenter", "dragover"]) area.addEventListener(name, (event) => { event.preventDefault(); area.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) area.addEventListener(name, () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files[0]); });
  addEventListener("paste", (event) => take([...event.clipboardData.files].find((file) => file.type.startsWith("image/"))));
  return area;
}

function examples() {
  if (!found.examples.length) return;
  show(byId("examples"), make("span", {}, "Test rows to try:"), found.examples.map((text) => make("button", { type: "button", title: text, onclick: () => { byId("text-0").value = text; go(); } }, text)));
}

function asked() {
  if (byId("seeds").checked) return found.runs;
  const known = new Map();
  for (const run of found.runs) if (!known.has(run.place) || run.best) known.set(run.place, run);
  return [...known.values()];
}

async function go() {
  under?.abort();
  const own = (under = new AbortController());
  const texts = found.images ? null : found.columns.map((_, place) => byId(`text-${place}`).value);
  if (texts ? texts.some((each) => !each.trim()) : !picture) {
    announce(found.images ? "Choose a picture first." : "Type a text first.");
    (byId("file") ?? byId("text-0")).focus();
    return;
  }
  byId("problem").hidden = true;
  const cards = asked().map((run) => card(run));
  byId("answers").replaceChildren(...cards.map((each) => each.element));
  tell(byId("agreement"), "Asking …");
  const answers = [];
  for (const each of cards) {
    tell(each.wait, each.run.loaded ? "answering …" : "loading the model …");
    try {
      const path = `${studyPath()}/runs/${encodeURIComponent(each.run.id)}`;
      const reply = texts ? await send(`${path}/text`, { texts }, own.signal)
        : await ask(`${path}/image`, { method: "POST", body: picture, headers: { "content-type": "application/octet-stream" }, signal: own.signal });
      each.run.loaded = true;
      answers.push({ ...each, reply });
      each.element.replaceChildren(...answered(each.run, reply));
    } catch (problem) {
      if (problem.name === "AbortError") return;
      if (!(problem instanceof Problem)) throw problem;
      each.wait.replaceWith(make("p", { class: "problem" }, problem.whole));
      if (problem.status === 422 || problem.status === 413) {
        show(byId("problem"), make("p", {}, problem.whole));
        byId("answers").replaceChildren();
        tell(byId("agreement"), "");
        return;
      }
    }
  }
  compare(answers);
}

const heading = (run) => make("h2", {}, swatch(run.place), make("span", {}, `${run.best ? "★ " : ""}${run.name}${byId("seeds").checked ? `, seed ${run.seed}` : ""}`));

function card(run) {
  const wait = make("p", { class: "took" }, "waiting …");
  return { run, wait, element: make("li", { "data-run": run.id }, heading(run), wait) };
}

const text = (reply) => (Array.isArray(reply.answer) ? reply.answer.join(", ") || "no label" : typeof reply.answer === "number" ? String(Number(reply.answer.toPrecision(5))) : reply.answer);

function answered(run, reply) {
  const time = (seconds) => (seconds < 0.95 ? `${Math.max(1, Math.round(1000 * seconds))} ms` : `${seconds.toFixed(1)} s`);
  const took = [time(reply.answering), reply.loading ? `loaded in ${time(reply.loading)}` : "", reply.calibrated ? "calibrated" : ""];
  return [heading(run), make("p", { class: "said" }, text(reply)), bars(run, reply.chances), make("p", { class: "took" }, took.filter(Boolean).join(" · "))];
}

function bars(run, chances) {
  if (!chances.length) return "";
  const sorted = [...chances].sort((a, b) => b.share - a.share), rest = sorted.length - LISTED;
  const line = (each) => {
    const filled = make("span");
    filled.style.width = `${100 * each.share}%`;
    return make("li", {}, make("span", {}, each.label), make("span", { class: "share" }, share(each.share)), make("span", { class: "bar", "aria-hidden": "true" }, filled));
  };
  return make("ul", { class: `bars c${run.place % 8}`, "aria-label": "Probabilities" }, sorted.slice(0, LISTED).map(line), rest > 0 ? make("li", { class: "more" }, `and ${rest} less likely`) : null);
}

function compare(answers) {
  if (!answers.length) { tell(byId("agreement"), ""); return; }
  if (found.problem === "regression") {
    const values = answers.map((each) => each.reply.answer), low = Math.min(...values), high = Math.max(...values);
    tell(byId("agreement"), answers.length > 1 ? `From ${Number(low.toPrecision(4))} to ${Number(high.toPrecision(4))}` : text(answers[0].reply));
    return;
  }
  const counts = new Map();
  for (const each of answers) counts.set(text(each.reply), (counts.get(text(each.reply)) ?? 0) + 1);
  const ranked = [...counts].sort(([, a], [, b]) => b - a);
  const [most, times] = ranked[0], tied = ranked[1]?.[1] === times;
  for (const each of answers) {
    const apart = !tied && text(each.reply) !== most;
    each.element.classList.toggle("apart", apart);
    if (apart) each.element.append(make("p", { class: "flag" }, "Not what most say"));
  }
  const named = (said) => answers.filter((each) => text(each.reply) === said).map((each) => each.run.name);
  const others = ranked.slice(1).map(([other, n]) => `${named(other).join(" and ")} ${n === 1 ? "says" : "say"} ${other}`);
  tell(byId("agreement"), answers.length === 1 ? "" : ranked.length === 1 ? `All ${answers.length} say ${most}` : tied ? `They disagree: ${ranked.map(([each, n]) => `${n} ${n === 1 ? "says" : "say"} ${each}`).join("; ")}` : `${times} of ${answers.length} say ${most}; ${others.join("; ")}`);
}

begin().catch((problem) => show(byId("problem"), make("p", {}, problem.whole ?? String(problem))));
