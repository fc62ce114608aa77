// A study as far as it is known here, kept up to date by the server's events. After a break the server tells the whole anew.

import { ask, studyPath } from "./asking.js";

const PATIENCE = 10000;

export class Stream {
  /**
   * @param {function} changed  told the study after every event
   * @param {function} lost  told whether the connection is lost
   * @param {function} gone  told why the study can no longer be read
   */
  constructor(changed, lost, gone) {
    this.changed = changed;
    this.lost = lost;
    this.gone = gone;
    this.study = null;
    this.open();
  }

  open() {
    this.close();
    this.source = new EventSource(`${studyPath()}/events`);
    this.source.onopen = () => this.lost(false);
    this.source.onerror = () => this.broken();
    this.source.addEventListener("whole", (event) => this.whole(JSON.parse(event.data)));
    this.source.addEventListener("fresh", (event) => this.fresh(JSON.parse(event.data)));
    this.source.addEventListener("gone", (event) => this.gone(JSON.parse(event.data)));
  }

  close() {
    clearTimeout(this.again);
    this.source?.close();
  }

  /** A browser comes back by itself, but not after an answer that was no stream: why, the server says to whoever asks. */
  async broken() {
    this.lost(true);
    if (this.source.readyState !== EventSource.CLOSED) return;
    this.again = setTimeout(() => this.open(), PATIENCE);
    try {
      await ask(studyPath());
    } catch (problem) {
      if (!problem.status) return;
      this.lost(false);
      this.gone(problem.parts);
    }
  }

  whole(told) {
    this.study = { ...told, runs: new Map(told.runs.map((run) => [run.id, run])), curves: new Map() };
    this.tell(told);
  }

  fresh(told) {
    if (!this.study) return;
    const { runs, curves } = this.study;
    for (const run of told.runs) runs.set(run.id, run);
    this.study = { ...this.study, ...told, runs, curves };
    this.tell(told);
  }

  tell(told) {
    for (const each of told.curves) {
      const known = each.anew ? undefined : this.study.curves.get(each.run);
      this.study.curves.set(each.run, {
        loss: [...(known?.loss ?? []), ...each.loss],
        validation: [...(known?.validation ?? []), ...each.validation],
      });
    }
    this.lost(false);
    this.changed(this.study);
  }
}
