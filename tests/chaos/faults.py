"""The table of faults: what is done to the bot, how, what must hold, and the tests that show it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.chaos.faults_around import AROUND
from tests.chaos.faults_below import BELOW
from tests.chaos.faults_done import DONE

FAULTS = (*DONE, *AROUND, *BELOW)

# What is not injected here, and why.
LEFT_OUT: Mapping[str, str] = {
    "a power cut": "kill -9 keeps what the system has cached; the order of the sync is shown instead (4)",
    "a lost machine or network between two": "everything runs on one machine; processes are killed and stopped (7)",
    "a disk that lies about its sync": "no process can see that",
    "two builds side by side under load": "there is one build here; both sides of the schema are tried (36)",
    "the machine's own clock, by libfaketime": "under it uvloop waits without rest and Python's sleep is refused: "
    "hardly anything runs; the clocks that are asked are moved instead (28)",
    "memory that runs out": "the system then kills the process (1 to 3); what waits is bounded before (14, 30)",
}
