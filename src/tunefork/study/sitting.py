"""One sitting of a study in its folder: search, train, compare, report; from the beginning or from where it was."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tunefork.baselines import include_predictions, keep_baselines, read_predictions
from tunefork.errors import OtherStudyError, StoppedError
from tunefork.report import write_report
from tunefork.store import SqliteStore
from tunefork.store.atomic import write_text
from tunefork.store.lease import lease
from tunefork.store.space import disk_full
from tunefork.study.conduct import Conduct
from tunefork.study.examples import keep_examples
from tunefork.study.folders import beside, check_folder, check_libraries
from tunefork.study.left_out import keep_left_out
from tunefork.study.model_files import check_model, keep_model, model_files
from tunefork.study.own_metrics import check_unchanged, keep_own_metrics
from tunefork.study.prepare import environment, resolved
from tunefork.study.results import Results
from tunefork.study.searching import search_settings
from tunefork.study.stopping import stopped_runs, tell_stopped
from tunefork.study.timed import TimedStudy
from tunefork.study_file import write_study
from tunefork.trackers import follow

if TYPE_CHECKING:
    from tunefork.study.study import Study


def sit(
    study: Study, folder: Path, conduct: Conduct, include: Sequence[str | Path] = (), fork: bool = False
) -> Results:
    """Do everything that is not done yet.

    Args:
        study: what is asked.
        folder: its folder; one of the same study is continued.
        conduct: who trains, who watches.
        include: files with somebody else's predictions for the test rows.
        fork: begin anew beside the folder where it holds another study, or runs that were stopped on demand.

    Raises:
        StoreError, BusyError, StoppedError, DiskFullError: see ``Study.run``.
    """
    began = time.time()
    study.preflight()
    rows, separator = study.splits, study.config.data.label_separator
    test = rows.test_rows  # of a study without any nothing could be said: refused before anything trains
    for source in include:  # a file that does not fit is told before anything trains
        read_predictions(source, test.ids, rows.labels.names, rows.problem, separator)
    written, search = resolved(study.config, study.base), study.config.search
    timed = search is not None and search.time is not None
    data_hash, files = None if timed else rows.hash, model_files(study.backbone)
    try:  # also before the lease, which leaves a file in the folder
        check_folder(folder, written, data_hash)
        check_libraries(folder, environment())
        check_model(folder, files)
    except OtherStudyError:
        if not fork:
            raise
        folder = beside(folder)
    else:
        if fork and stopped_runs(folder):
            folder = beside(folder)
    here = time.time()
    try:
        with lease(folder):
            check_folder(folder, written, data_hash)
            store = SqliteStore(folder)
            store.forget_wishes(before=here)  # whoever they were for is gone
            tell_stopped(store, conduct.watcher)
            keep_model(store, files)
            check_unchanged(store, study.own_metrics)
            write_text(folder / "study.yaml", write_study(written))
            keep_left_out(folder, rows.left_out)
            with follow(written.trackers, store, conduct.watcher):
                decided = _decide(study, store, conduct, began)
            keep_baselines(store, decided.splits)
            include_predictions(store, include, separator)
            keep_own_metrics(store, study.own_metrics)
            if study.config.data.examples:
                keep_examples(store, decided.splits.test_rows)
            else:
                store.forget_examples()
            write_report(store)
            return Results(store)
    except StoppedError as error:
        words = shlex.join(["tunefork", "run", str(folder / "study.yaml"), "-o", str(folder)])
        again = f"Run the same command again to continue, or: {words}{study.trust.options}"
        raise StoppedError(error.signal, where=str(folder), fix=again) from None
    except Exception as error:
        if full := disk_full(error, str(folder)):
            raise full from error
        raise


def _decide(study: Study, store: SqliteStore, conduct: Conduct, began: float) -> Study:
    """Train, after a search where there is one; the study that was trained."""
    search = study.config.search
    if search is None:
        study.train(store, conduct)
        return study
    if search.time is not None:
        return TimedStudy(study, store, conduct, began).run()
    decided = study.decided(*search_settings(study.config, store, study.material(conduct)))
    decided.train(store, conduct)
    return decided
