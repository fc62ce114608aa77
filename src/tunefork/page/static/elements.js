// Elements of the page. Whatever text is given stays text: nothing is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; a child that is no element becomes text, null is left out. */
export function make(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function draw(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((each) => each !== null && each !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Shows an element with new content, or hides it where there is none. */
export function show(element, ...children) {
  const wanted = children.flat().filter((each) => each !== null && each !== undefined && each !== "");
  element.replaceChildren(...wanted);
  element.hidden = wanted.length === 0;
}

/** Sets a text only where it changes, so that nobody's selection is lost. */
export function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** What screen readers are told, politely. */
export function announce(text) {
  tell(byId("said"), text);
}
