"""glibc's allocator, told to keep what training frees: a step's tensors are the next step's."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

MMAP_THRESHOLD, TRIM_THRESHOLD, TOP_PAD = -3, -1, -2
"""Numbers of ``mallopt``'s parameters in <malloc.h>."""


@cache
def keep_memory() -> bool:
    """Keep large freed tensors in the process instead of giving them back to the kernel after every step.

    glibc maps anything above 32 MiB anew each time, and every page of it is a page fault at its first use: copying a
    tensor of 63 MB took 57 ms instead of 4 ms. Set ``TUNEFORK_KEEP_MEMORY=0`` to leave the allocator alone.

    Returns:
        Whether it was set; False on other systems and C libraries.
    """
    if not sys.platform.startswith("linux") or os.environ.get("TUNEFORK_KEEP_MEMORY") == "0":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    settings = {MMAP_THRESHOLD: 2**30, TRIM_THRESHOLD: 2**31 - 1, TOP_PAD: 64 * 2**20}
    return all(mallopt(ctypes.c_int(key), ctypes.c_int(value)) == 1 for key, value in settings.items())
