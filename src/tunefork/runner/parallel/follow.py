"""A follower: trains what its leader trains, in lockstep, and keeps nothing."""

from __future__ import annotations

from tunefork.engine import PrefixCache, Together, Training, assemble, choose_precision, compute_threads
from tunefork.errors import LostError
from tunefork.runner.cluster.parcel import Parcel, unpack
from tunefork.runner.protocol import Job
from tunefork.runner.team import Brief, Team
from tunefork.store import EvaluationRecord, Predictions, StepRecord


class Nobody:
    """An observer of what the leader records."""

    def step(self, record: StepRecord) -> None:
        """Nothing."""

    def evaluation(self, record: EvaluationRecord, predictions: Predictions) -> None:
        """Nothing."""

    def advance(self, runs: tuple[str, ...], step: int, steps: int) -> None:
        """Nothing."""


def follow(team: Team) -> None:
    """Follow until the leader says that it was all.

    Raises:
        LostError: the leader, or another follower, is gone.
    """
    job: Job | None = None
    while (brief := team.next()) is not None:
        if brief.job is not None:
            job = unpack(brief.job) if isinstance(brief.job, Parcel) else brief.job
            cache = PrefixCache(share=team.seat.local_size)
        assert job is not None
        try:
            _train(brief, job, cache, team)
        except LostError:
            raise
        except Exception:
            pass  # the leader was told at the lockstep's end, and it is the one who records it


def _train(brief: Brief, job: Job, cache: PrefixCache, team: Team) -> None:
    assert isinstance(team.devices, Together)
    with team.devices.lockstep(len(brief.runs)), compute_threads(brief.threads):
        selections = [job.selections[run.configuration] for run in brief.runs]
        precision = choose_precision(brief.runs[0].training.precision, automatic=brief.precision)
        group = assemble(job.backbone, brief.runs, selections, precision, cache)
        Training(
            group, brief.runs, job.rows, Nobody(), job.selection_metric, job.own,
            until=brief.until, resumed=brief.resumed, finish=job.finish, most=brief.most, devices=team.devices,
        ).run()  # fmt: skip
