"""What all of tunefork's servers share: who may ask, how much at once, how errors are told, how one starts."""

from tunefork.web.access import Access, access
from tunefork.web.errors import answer_errors, problem, refusal
from tunefork.web.guard import Guard, Limits
from tunefork.web.running import check_installed, run_app

__all__ = [
    "Access",
    "Guard",
    "Limits",
    "access",
    "answer_errors",
    "check_installed",
    "problem",
    "refusal",
    "run_app",
]
