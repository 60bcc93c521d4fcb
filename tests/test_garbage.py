import gc

from bot.garbage import THRESHOLDS, calm


def test_what_is_loaded_is_not_looked_at_again_and_cycles_still_end() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    try:
        calm()
        assert gc.get_threshold() == THRESHOLDS
        assert gc.get_freeze_count() > frozen
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
