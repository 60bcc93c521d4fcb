"""Keeps Python's garbage collector from stopping everything while webhooks wait.

A full collection looks at every object there is. With the libraries loaded that takes 100 ms or more, and in a storm of
alerts the default thresholds ask for one every second or two.
"""

from __future__ import annotations

import gc

# Young objects are looked at after 10,000 of them, which takes about a millisecond. All are looked at after 10 million:
# what lives that long is nearly never garbage, and still no cycle is kept for ever.
THRESHOLDS = (10_000, 20, 50)


def calm() -> None:
    """Call once everything is loaded: what is there now stays, and is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
