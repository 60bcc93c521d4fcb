"""The generation that answers, the one that is being made, and what was left behind. Blocks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from memory.vectors.folder import IndexFolder, damage, is_too_large
from memory.vectors.generation import Generation
from memory.vectors.remaking import Reason, Remake
from memory.vectors.vector import VectorsUnavailable

NOT_OPEN = "the vector index is not open"


class Generations:
    """All methods run on one thread, and raise VectorsUnavailable."""

    def __init__(self, folder: Path) -> None:
        self._folder = IndexFolder(folder)
        self._connected: set[Generation] = set()
        self.now: Generation | None = None
        self.failure = NOT_OPEN  # what is answered where there is none
        self.has_failed = False  # while it was open

    def take(self) -> None:
        """Becomes the owner of the folder."""
        self._folder.take()

    def ready(self, wanted: int) -> Remake | None:
        """Connects to what the last process left, or to a new folder. Why that does not serve, or None."""
        self._folder.take()
        now = self.now
        if now is not None:
            if self.has_failed or now.is_lost:
                return Remake(reason=Reason.BROKEN, detail=self.failure if self.has_failed else "its files are gone")
            return outgrown(now, max(wanted, len(now.held)))
        left = self._folder.newest()
        self._folder.drop(but=left)
        unfit = self._unfit(left, wanted) if left is not None else None
        if unfit is not None:
            return unfit
        try:
            self.now = self._connect(left or self._folder.next())
        except VectorsUnavailable as error:
            return Remake(reason=Reason.BROKEN, detail=str(error))
        self.has_failed = False
        has_nothing = left is not None and wanted and not self.now.held
        return Remake(reason=Reason.EMPTY) if has_nothing else None

    def begin(self, *, but: Generation | None) -> Generation:
        """A new one. All others are removed, apart from the one that answers meanwhile."""
        self.now = but
        self._disconnect(but=but)
        self._folder.drop(but=but.files if but else None)
        return self._connect(self._folder.next())

    def install(self, made: Generation) -> None:
        """From now on it answers, and is the only one."""
        self.now, self.has_failed = made, False
        self._disconnect(but=made)
        self._folder.drop(but=made.files)

    def nearest(self, vector: Sequence[float], most: int) -> dict[str, float]:
        if self.now is None:
            raise VectorsUnavailable(self.failure)
        try:
            return self.now.nearest(vector, most)
        except VectorsUnavailable as error:
            self.fail(str(error))
            raise

    def fail(self, why: str) -> None:
        self.failure, self.has_failed = why, True

    def give_up(self) -> None:
        """Removes all of them: what cannot be made again without the deleted must not stay with it."""
        self.now = None
        self._disconnect()
        self._folder.drop()

    def close(self) -> None:
        self.now, self.failure = None, NOT_OPEN
        self._disconnect()
        self._folder.release()

    def _unfit(self, left: Path, wanted: int) -> Remake | None:
        if self._folder.was_cut_short(left):
            return Remake(reason=Reason.CUT_SHORT)
        too_large = is_too_large(left, wanted)
        if too_large:
            return Remake(reason=Reason.TOO_LARGE, detail=too_large)
        broken = damage(left)
        return Remake(reason=Reason.BROKEN, detail=broken) if broken else None

    def _connect(self, files: Path) -> Generation:
        self._folder.begin_opening(files)
        made = Generation(files)
        self._connected.add(made)
        self._folder.end_opening()
        return made

    def _disconnect(self, *, but: Generation | None = None) -> None:
        for each in self._connected - {but}:
            self._connected.discard(each)
            each.close()


def outgrown(now: Generation, vectors: int) -> Remake | None:
    """By replacing: what was there before stays in Chroma's log."""
    why = is_too_large(now.files, vectors)
    return Remake(reason=Reason.OUTGROWN, detail=why) if why else None
