// Four tiles: how far, how long still, which leads, whether anything goes wrong.

import { make } from "./elements.js";
import { count, roughly, shown, whole } from "./words.js";

/** Fills the tiles; they are kept, so that nothing flickers. */
export function glance(element, study, results) {
  const wanted = [study.state === "finished" || study.state === "failed" ? finished(study) : progress(study), time(study, results), best(study, results), trouble(study)];
  wanted.forEach((tile, place) => {
    const now = element.children[place];
    const shape = JSON.stringify(tile);
    if (now?.dataset.shape === shape) return;
    const made = make("div", { class: `tile ${tile.kind ?? ""}`, "data-shape": shape },
      make("h2", {}, tile.title),
      make("p", { class: `big ${tile.words ? "words" : ""}` }, tile.big),
      tile.bar ? make("progress", { max: tile.bar[1] || 1, value: tile.bar[0], class: tile.state, "aria-label": tile.title }) : null,
      ...tile.lines.filter(Boolean).map((line) => make("p", {}, line)));
    if (now) now.replaceWith(made);
    else element.append(made);
  });
}

const done = ({ count: runs }) => `${runs.done} of ${count(runs.total, "run")} done`;

function progress(study) {
  const { done: made, steps } = study.progress;
  if (!study.count.total) {
    const searching = study.trials > 0;
    return { title: "Progress", big: searching ? count(study.trials, "trial") : study.study.begun ? "Preparing" : "Looking at rows and model", words: true,
      lines: [searching ? "of the search for settings; final runs follow" : study.state === "running" ? "training begins soon" : "nothing was trained"] };
  }
  return { title: "Progress", big: steps ? `${Math.floor((100 * made) / steps)} %` : "–", bar: [made, steps], state: study.state,
    lines: [`${whole(made)} of ${count(steps, "step")}`, done(study)] };
}

function finished(study) {
  return { title: study.state === "failed" ? "Failed" : "Finished", big: done(study), words: true, bar: [study.count.done, study.count.total], state: study.state,
    lines: [count(study.progress.done, "step")] };
}

function time(study, results) {
  if (study.state === "running") {
    const left = study.progress.left;
    const training = study.count.ended < study.count.total;
    return { title: "Time left", big: !training && study.count.total ? "Almost done" : left === null ? "Not known yet" : `about ${roughly(left)}`,
      words: left === null || !training, lines: [training || !study.count.total ? null : "the report is being written", study.since && `at work since ${study.since.slice(11, 16)}`] };
  }
  if (study.state === "interrupted") return { title: "Time left", big: "Interrupted", words: true, lines: ["nothing works on it; it goes on where it was"] };
  const recommended = results?.recommended;
  return { title: "Recommended", big: recommended ?? "–", words: true, lines: [recommended ? "see the verdict for why" : "nothing to compare"] };
}

function best(study, results) {
  const over = study.state === "finished" || study.state === "failed";
  if (over && results?.best) {
    const { name, metric, text, split } = results.best;
    return { title: "Best, by validation", big: name, words: true, lines: [`${metric} ${text} on ${split}`] };
  }
  const run = study.runs.get(study.leading);
  if (!run) return { title: "Leads so far", big: "–", lines: ["no validation yet"] };
  const { metrics, headline, selection } = study.study;
  const of = (id) => metrics.find((each) => each.id === id);
  const seeds = new Set([...study.runs.values()].map((each) => each.seed)).size > 1;
  const chosen = selection !== headline && of(selection) ? `${of(selection).name} ${shown(run.kept[selection], of(selection).percent)}, on validation` : "on validation";
  return { title: "Leads so far", big: run.name + (seeds ? `, seed ${run.seed}` : ""), words: true, lines: [`${of(headline)?.name ?? ""} ${run.score}`, chosen] };
}

function trouble(study) {
  const broken = [...study.runs.values()].filter((run) => ["failed", "diverged"].includes(run.status));
  const stopped = [...study.runs.values()].filter((run) => run.status === "stopped").length;
  if (broken.length) {
    return { title: "What went wrong", kind: "bad", big: `${broken.length} of ${study.count.total} ${broken.every((run) => run.status === "diverged") ? "diverged" : "failed"}`, words: true,
      lines: [`${broken[0].name}${broken.length > 1 ? " and others" : ""}; why is with the runs`] };
  }
  const warnings = study.study.warnings.length;
  return { title: "What went wrong", big: "Nothing", words: true, lines: [stopped ? `${count(stopped, "run")} stopped` : null, warnings ? `${count(warnings, "warning")} below` : null] };
}

/** A sentence for those who listen. */
export function sentence(study) {
  const { done: made, steps } = study.progress;
  const run = study.runs.get(study.leading);
  const lead = run ? ` ${run.name} leads with ${run.score}.` : "";
  return `${study.state}: ${done(study)}${steps ? `, ${Math.floor((100 * made) / steps)} percent of all steps` : ""}.${lead}`;
}

