"use strict";
// Without this script everything is there to read; with it, tables sort and a configuration is highlighted everywhere.
document.documentElement.classList.add("with-script");

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const bodies = [...table.tBodies];
  const rows = bodies.flatMap((body) => [...body.rows]);
  const parents = rows.map((row) => row.parentNode);
  const sorted = document.createElement("tbody");
  const said = table.closest("section").querySelector(".said");
  const tell = (text) => { if (said) said.textContent = text; };

  const restore = () => {
    rows.forEach((row, place) => parents[place].append(row));
    sorted.replaceWith(...bodies);
    tell("In the order of the study.");
  };
  const sort = (column, sign) => {
    const number = (row) => {
      const text = row.cells[column].dataset.value;
      return text === undefined ? NaN : Number(text);
    };
    const text = (row) => row.cells[column].textContent.replace(/^★\s*/, "");
    const seen = new Set();
    // a configuration of several blocks stands in the sorted table once, and titles of blocks not at all
    const kept = rows.filter((row) => {
      const key = row.dataset.configuration;
      if (row.classList.contains("block") || (key !== undefined && seen.has(key))) return false;
      seen.add(key);
      return true;
    });
    kept.sort((one, other) => {
      const [a, b] = [number(one), number(other)];
      if (column === 0) return sign * text(one).localeCompare(text(other), "en", { numeric: true });
      if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b); // unknown comes last
      return sign * (a - b);
    });
    sorted.replaceChildren(...kept);
    if (!sorted.isConnected) { bodies[0].replaceWith(sorted); bodies.slice(1).forEach((body) => body.remove()); }
    tell(`Sorted by ${heads[column].textContent.trim()}, ${sign > 0 ? "lowest" : "highest"} first.`);
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      // numbers are most often wanted from the highest, names from A
      const order = column ? ["none", "descending", "ascending"] : ["none", "ascending", "descending"];
      const next = order[(order.indexOf(head.getAttribute("aria-sort")) + 1) % order.length];
      heads.forEach((other) => other.setAttribute("aria-sort", other === head ? next : "none"));
      if (next === "none") restore(); else sort(column, next === "ascending" ? 1 : -1);
    });
  });
}

let lit;
const light = (key) => {
  if (key === lit) return;
  lit = key;
  document.body.classList.toggle("lit", key !== undefined);
  for (const each of document.querySelectorAll("[data-configuration]")) {
    each.classList.toggle("on", each.dataset.configuration === key);
  }
};
document.addEventListener("pointerover", (event) => {
  light(event.target.closest?.("[data-configuration]")?.dataset.configuration);
});
document.addEventListener("pointerleave", () => light(undefined));
