"""Whether this machine and a study's folder are in order, and what can be mended."""

from tunefork.doctor.environment import environment
from tunefork.doctor.finding import Finding, Level
from tunefork.doctor.folder import study_folder

__all__ = ["Finding", "Level", "environment", "study_folder"]
