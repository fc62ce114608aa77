// Values with their intervals, one row for each configuration.

import { colour } from "./chart.js";
import { draw, make } from "./elements.js";
import { label, linear, ticks } from "./scale.js";

const TOP = 8, BOTTOM = 24, NARROW = 440;

/**
 * @param {string} title  what it shows
 * @param {string} axis  what the values are
 * @param {Array} rows  {name, value, low, high, text, ends, place, kind, best}
 * @param {object} options  zero: whether 0 is drawn; margin: half of the band around it
 */
export function intervals(title, axis, rows, { zero = false, margin = 0 } = {}) {
  const svg = draw("svg", { role: "img", "aria-label": `${title}: ${axis}. ${rows.map(said).join("; ")}.` });
  const element = make("figure", { class: "chart" }, make("figcaption", {}, title), svg, make("p", { class: "notes" }, axis));
  const paint = () => {
    const width = svg.clientWidth;
    if (width < 160) return;
    // Where there is little room, a name stands above its interval.
    const above = width < NARROW, step = above ? 42 : 30;
    const names = above ? 6 : Math.min(width * 0.42, 12 + 6.6 * Math.max(...rows.map((each) => each.name.length)));
    const bottom = TOP + step * rows.length;
    const ends = rows.flatMap((each) => [each.low ?? each.value, each.high ?? each.value]).concat(zero ? [0, margin, -margin] : []);
    const low = Math.min(...ends), high = Math.max(...ends), room = (high - low) * 0.06 || 1;
    const x = linear(low - room, high + room, names, width - 46);
    const across = ticks(low - room, high + room, above ? 4 : 6);
    svg.setAttribute("viewBox", `0 0 ${width} ${bottom + BOTTOM}`);
    svg.replaceChildren(
      ...(zero && margin ? [draw("rect", { class: "margin", x: x(-margin), width: x(margin) - x(-margin), y: TOP, height: bottom - TOP })] : []),
      ...across.flatMap((value) => [
        draw("line", { class: "grid", x1: x(value), x2: x(value), y1: TOP, y2: bottom }),
        draw("text", { x: x(value), y: bottom + 16, "text-anchor": "middle" }, label(value, across)),
      ]),
      ...(zero ? [draw("line", { class: "axis", x1: x(0), x2: x(0), y1: TOP, y2: bottom })] : []),
      ...rows.map((each, place) => row(each, TOP + step * (place + (above ? 0.68 : 0.5)), x, above ? -18 : 4, above ? width : names, width)),
    );
  };
  new ResizeObserver(paint).observe(element);
  return element;
}

const said = (each) => `${each.name}: ${each.text}${each.ends ? `, 95 % interval ${each.ends}` : ""}${each.kind ? `, ${each.kind}` : ""}`;

function row(each, y, x, lift, room, width) {
  const hollow = each.kind === "undecided" || each.kind === "not converged" ? " hollow" : "";
  const own = each.kind ? (each.kind === "not converged" ? "unjudged" : each.kind) : colour(each.place);
  const longest = Math.floor((room - 12) / 6.4);
  const name = each.name.length > longest ? `${each.name.slice(0, longest - 1)}…` : each.name;
  return draw("g", { class: `${own}${hollow}${each.best ? " best" : ""}` },
    draw("title", {}, said(each)),
    draw("text", { class: "name", x: 0, y: y + lift }, (each.best ? "★ " : "") + name),
    each.low === null ? null : draw("line", { class: "stem", x1: x(each.low), x2: x(each.high), y1: y, y2: y }),
    draw("circle", { class: "mark", cx: x(each.value), cy: y, r: 4.5 }),
    draw("text", { x: width, y: y + 4, "text-anchor": "end" }, each.text),
  );
}
