"""Peak memory of a stretch of work."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from types import TracebackType

import torch

CGROUP = Path("/sys/fs/cgroup")


class PeakMemory:
    """Measures the peak of memory in use while its block runs, in MiB.

    On CUDA the allocator's own peak. Elsewhere the resident memory of the process, sampled every 50 ms, which includes
    Python, the libraries and the model itself.
    """

    def __init__(self, device: torch.device) -> None:
        self._device, self._stop, self._peak = device, threading.Event(), 0
        self._thread: threading.Thread | None = None

    def __enter__(self) -> PeakMemory:
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        else:
            self._thread = threading.Thread(target=self._sample, name="peak-memory", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def mib(self) -> float:
        """The peak so far."""
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device) / 2**20
        return self._peak / 2**20

    def _sample(self) -> None:
        import psutil

        process = psutil.Process()
        while True:
            self._peak = max(self._peak, process.memory_info().rss)
            if self._stop.wait(0.05):
                return


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: Python's, torch's of either device, or the system's.

    >>> out_of_memory(MemoryError()), out_of_memory(RuntimeError("shapes cannot be multiplied"))
    (True, False)
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    told = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in told for words in _SHORT)


_SHORT = (
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "out of memory",
    "could not create a primitive",  # all that oneDNN says where it gets no memory for a kernel
)


def available_bytes(device: torch.device) -> int:
    """Memory that is free on a device: of a CPU what the system can give, within the limit of its container."""
    if device.type == "cuda":
        free: int = torch.cuda.mem_get_info(device)[0]
        return free
    import psutil

    system: int = psutil.virtual_memory().available
    try:
        limit, used = ((CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:  # no container, or one of another kind
        return system
    return min(system, int(limit) - int(used)) if limit.isdigit() else system
