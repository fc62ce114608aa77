// Asking the server. An error has the four parts that the command line prints, too.

export class Problem extends Error {
  constructor(parts, status) {
    super([parts.what, parts.where && `(${parts.where})`].filter(Boolean).join(" ") + ".");
    this.parts = parts;
    this.status = status;
  }

  /** All of it as one paragraph. */
  get whole() {
    const { found, fix } = this.parts;
    return [this.message, found && `Found: ${found}.`, fix].filter(Boolean).join(" ");
  }
}

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ what: "The server does not answer", fix: "Is tunefork ui still running?" }, 0);
  }
  const text = await answer.text();
  let content = null;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Problem({ what: "The server's answer cannot be read", found: `status ${answer.status}` }, answer.status);
  }
  if (!answer.ok) throw new Problem(content.error ?? { what: `The server says ${answer.status}` }, answer.status);
  return content;
}

export const send = (path, content, signal) =>
  ask(path, { method: "POST", body: JSON.stringify(content), headers: { "content-type": "application/json" }, signal });

/** The study that the page's address names. */
export const studyId = () => location.pathname.split("/")[2] ?? "";
export const studyPath = (id = studyId()) => `/api/studies/${encodeURIComponent(id)}`;
