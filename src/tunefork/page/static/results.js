// What the report says: the verdict, the table, intervals and differences, the figures.

import { studyPath } from "./asking.js";
import { make } from "./elements.js";
import { intervals } from "./intervals.js";

/** The elements of the results; none where there is nothing to say yet. */
export function results(found, running) {
  if (!found?.begun || !found.scores) return [];
  return [
    make("div", { class: "results" },
      make("div", {}, verdict(found, running), found.warnings.map((each) => make("p", { class: "notice warning" }, make("strong", {}, "Warning. "), each))),
      make("div", {}, make("h3", {}, "All configurations"), table(found.table, "All configurations")),
      charts(found),
      found.search ? make("div", {}, make("h3", {}, "What the search chose"), table(found.search, "What the search chose")) : null,
      found.figures.length && !running ? figures(found.figures) : null),
  ];
}

function verdict({ sentences, recommended }, running) {
  return make("div", { class: "verdict" }, running ? make("p", {}, make("strong", {}, "So far, of the runs that have ended: ")) : null,
    sentences.map((each, place) => make("p", { class: recommended !== null && place === 1 ? "recommended" : null }, each)));
}

function table(content, name) {
  const [first, ...others] = content.columns;
  return make("div", {},
    make("div", { class: "scroll", role: "region", "aria-label": name, tabindex: "0" }, make("table", {},
      make("caption", { class: "unseen" }, content.caption || name),
      make("thead", {}, make("tr", {}, [first, ...others].map((each) => make("th", { scope: "col" }, each)))),
      content.blocks.map((block) => make("tbody", {},
        block.title ? make("tr", { class: "block" }, make("th", { scope: "rowgroup", colspan: content.columns.length }, block.title)) : null,
        block.rows.map((row) => make("tr", { class: row.kind }, make("th", { scope: "row" }, row.cells[0]), row.cells.slice(1).map((cell) => make("td", {}, cell)))))))),
    content.caption ? make("p", { class: "notes" }, content.caption) : null,
    content.notes.map((each) => make("p", { class: "notes" }, each)));
}

function charts({ scores, differences }) {
  return make("div", { class: "intervals" },
    intervals("Every configuration", scores.axis, scores.rows),
    differences ? intervals(`Away from ${differences.best}`, `${differences.metric}, ${differences.unit}; the band is the margin of ${differences.said}`,
      differences.rows.map((each) => ({ ...each, kind: each.outcome, best: false })), { zero: true, margin: differences.margin }) : null,
    differences ? legend(differences.rows) : null);
}

function legend(rows) {
  const words = { better: "better", worse: "worse", equivalent: "equivalent", undecided: "the data cannot tell", "not converged": "not judged: still learning" };
  const there = Object.keys(words).filter((each) => rows.some((row) => row.outcome === each));
  return make("div", {}, make("h3", {}, "What the differences mean"), make("ul", { class: "notes" }, there.map((each) => make("li", {}, `${words[each]}: ${rows.filter((row) => row.outcome === each).map((row) => `${row.name} ${row.text} (${row.ends})`).join("; ")}`))));
}

function figures(all) {
  const details = make("details", {}, make("summary", {}, `Figures of the report (${all.length})`));
  details.addEventListener("toggle", () => details.append(make("div", { class: "inside figures" }, all.map(({ name, title }) =>
    make("figure", {}, make("img", { src: `${studyPath()}/figures/${encodeURIComponent(name)}.svg`, alt: title, loading: "lazy" }), make("figcaption", {}, title))))), { once: true });
  return details;
}
