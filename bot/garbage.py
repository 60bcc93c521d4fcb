"""Memory: keeps Python's garbage collector from stopping everything while webhooks wait, and the process small.

A full collection looks at every object there is. With the libraries loaded that takes 100 ms or more, and in a storm of
alerts the default thresholds ask for one every second or two.
"""

from __future__ import annotations

import ctypes
import gc

# Young objects are looked at after 10,000 of them, which takes about a millisecond. All are looked at after 10 million:
# what lives that long is nearly never garbage, and still no cycle is kept for ever.
THRESHOLDS = (10_000, 20, 50)

ARENAS = 2
_C = ctypes.CDLL(None)  # the C library; other ones than glibc may have neither of the two calls
_M_ARENA_MAX = -8  # of glibc: malloc.h


def few_arenas() -> None:
    """Call before there are threads. The C library would keep free memory apart for each of 16 of them; of ours only
    one runs at a time.
    """
    if hasattr(_C, "mallopt"):
        _C.mallopt(_M_ARENA_MAX, ARENAS)


def calm() -> None:
    """Call once everything is loaded: what is there now stays, and is not looked at again."""
    gc.collect()
    if hasattr(_C, "malloc_trim"):
        _C.malloc_trim(0)  # what imports have left free
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
