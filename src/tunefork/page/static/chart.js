// Curves over steps as SVG: axes, a cross that follows the pointer or the arrow keys, and what it points at as text.

import { announce, draw, make } from "./elements.js";
import { label, linear, ticks } from "./scale.js";
import { shown } from "./words.js";

const LEFT = 44, RIGHT = 10, TOP = 14, BOTTOM = 38, LISTED = 8;

export class Chart {
  /**
   * @param {string} title  what the curves are
   * @param {object} options  marks: whether points are marked
   */
  constructor(title, { marks = false } = {}) {
    this.marks = marks;
    this.percent = false;
    this.series = [];
    this.chosen = new Set();
    this.step = null;
    this.unit = make("span", { class: "unit" });
    this.title = make("span", {}, title);
    this.svg = draw("svg", {
      role: "img", tabindex: "0", "aria-label": title,
      onpointermove: (event) => this.point(event), onpointerleave: () => this.leave(), onblur: () => this.leave(),
      onkeydown: (event) => this.key(event),
    });
    this.tip = make("div", { class: "tip", hidden: true });
    this.nothing = make("p", { class: "nothing" }, "Nothing recorded yet.");
    this.element = make("figure", { class: "chart" }, make("figcaption", {}, this.title, " ", this.unit), this.nothing, this.svg, this.tip);
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** New curves: [{name, place, points: [[step, value]]}] in the order of the study; `until` is the last step that is planned. */
  set(series, { title, percent = false, unit = "", until = 1 } = {}) {
    this.series = series.map((each) => ({ ...each, points: each.points.filter(([, value]) => value !== null) }));
    this.percent = percent;
    this.until = until;
    if (title) this.title.textContent = title;
    this.unit.textContent = unit;
    this.draw();
  }

  /** Which configurations are shown strongly; all where the set is empty. */
  choose(places) {
    this.chosen = places;
    this.draw();
  }

  draw() {
    const width = this.svg.clientWidth, height = this.svg.clientHeight;
    const points = this.series.flatMap((each) => each.points);
    this.svg.toggleAttribute("hidden", points.length === 0);
    this.nothing.hidden = points.length > 0;
    if (!points.length || width < 80) return;
    const factor = this.percent ? 100 : 1;
    let low = Infinity, high = -Infinity;
    for (const [, value] of points) {
      low = Math.min(low, value * factor);
      high = Math.max(high, value * factor);
    }
    const room = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
    low = low >= 0 && low - room < 0 ? 0 : low - room;
    high = this.percent && high <= 100 ? Math.min(100, high + room) : high + room;
    const last = points.reduce((most, [step]) => Math.max(most, step), this.until);
    this.x = linear(0, last, LEFT, width - RIGHT);
    this.y = linear(low, high, height - BOTTOM, TOP);
    this.factor = factor;
    const across = ticks(0, last, width < 420 ? 4 : 6).filter(Number.isInteger), up = ticks(low, high, 5);
    const axes = draw("g", { "aria-hidden": "true" },
      up.map((value) => [
        draw("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: this.y(value), y2: this.y(value) }),
        draw("text", { x: LEFT - 7, y: this.y(value) + 4, "text-anchor": "end" }, label(value, up)),
      ]).flat(),
      draw("line", { class: "axis", x1: LEFT, x2: width - RIGHT, y1: height - BOTTOM, y2: height - BOTTOM }),
      across.map((value) => draw("text", { x: this.x(value), y: height - BOTTOM + 16, "text-anchor": value === 0 ? "start" : value > 0.97 * last ? "end" : "middle" }, label(value, across))),
    );
    const caption = draw("text", { x: (LEFT + width - RIGHT) / 2, y: height - 5, "text-anchor": "middle", "aria-hidden": "true" }, "step");
    const lines = this.series.filter((each) => each.points.length).map((each) => this.line(each));
    this.cross = draw("line", { class: "cross", y1: TOP, y2: height - BOTTOM, visibility: "hidden" });
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("aria-label", this.described());
    this.svg.replaceChildren(axes, caption, ...lines, this.cross);
    if (this.step !== null) this.look(this.step);
  }

  line(each) {
    const at = each.points.map(([step, value]) => [this.x(step), this.y(value * this.factor)]);
    const path = at.map(([x, y], place) => `${place ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
    const marked = this.marks || at.length === 1 ? at : at.slice(-1);
    const dim = this.chosen.size && !this.chosen.has(each.place) ? " dim" : "";
    return draw("g", { class: `curve ${colour(each.place)}${dim}` },
      draw("path", { class: `line ${dashes(each.place)}`, d: path }),
      marked.map(([x, y]) => draw("circle", { class: "mark", cx: x.toFixed(1), cy: y.toFixed(1), r: 2.8 })),
    );
  }

  described() {
    const known = this.series.filter((each) => each.points.length).map((each) => `${each.name} ${shown(each.points.at(-1)[1], this.percent)}`);
    return `${this.title.textContent} against the step; last values: ${known.slice(0, LISTED).join("; ")}. Arrow keys read it step by step.`;
  }

  steps() {
    return [...new Set(this.series.flatMap((each) => each.points.map(([step]) => step)))].sort((a, b) => a - b);
  }

  point(event) {
    if (!this.x) return;
    const box = this.svg.getBoundingClientRect(), all = this.steps(), at = event.clientX - box.left;
    if (all.length) this.look(all.reduce((best, step) => (Math.abs(this.x(step) - at) < Math.abs(this.x(best) - at) ? step : best)));
  }

  key(event) {
    const all = this.steps();
    const at = this.step === null ? -1 : all.indexOf(this.step);
    const to = { ArrowLeft: at < 0 ? all.length - 1 : at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape") this.leave();
    if (to === undefined || !all.length) return;
    event.preventDefault();
    this.look(all[Math.min(all.length - 1, Math.max(0, to))]);
    announce(this.tip.innerText.replace(/\s+/g, " "));
  }

  look(step) {
    this.step = step;
    const there = this.series
      .filter((each) => !this.chosen.size || this.chosen.has(each.place))
      .map((each) => ({ ...each, value: each.points.find(([at]) => at === step)?.[1] }))
      .filter((each) => each.value !== undefined)
      .sort((a, b) => b.value - a.value);
    const x = this.x(step), more = there.length - LISTED;
    this.cross.setAttribute("x1", x);
    this.cross.setAttribute("x2", x);
    this.cross.setAttribute("visibility", "visible");
    this.tip.replaceChildren(make("strong", {}, `step ${step.toLocaleString("en")}`), make("table", {}, make("tbody", {},
      there.slice(0, LISTED).map((each) => make("tr", {}, make("td", {}, swatch(each.place)), make("th", { scope: "row" }, each.name), make("td", {}, shown(each.value, this.percent)))))),
      more > 0 ? `and ${more} more` : "");
    this.tip.hidden = false;
    const outer = this.element.getBoundingClientRect(), inner = this.svg.getBoundingClientRect();
    const left = inner.left - outer.left + x, room = outer.width;
    this.tip.style.top = `${inner.top - outer.top + TOP}px`;
    this.tip.style.left = left > room / 2 ? "auto" : `${left + 12}px`;
    this.tip.style.right = left > room / 2 ? `${room - left + 12}px` : "auto";
  }

  leave() {
    this.step = null;
    this.tip.hidden = true;
    this.cross?.setAttribute("visibility", "hidden");
  }
}

/** Eight colours, and beyond them dashes. */
export const colour = (place) => `c${place % 8}`;
export const dashes = (place) => `d${Math.floor(place / 8) % 4}`;

/** A piece of a configuration's line. */
export const swatch = (place) =>
  draw("svg", { class: `swatch ${colour(place)}`, viewBox: "0 0 18 10", "aria-hidden": "true" }, draw("path", { class: `line ${dashes(place)}`, d: "M1 5H17" }));
