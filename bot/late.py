"""Modules that are imported when something of them is first asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _Late(ModuleType):
    """Stands for a module that others have imported whole and may never use."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # of the machinery of imports
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def late(package: str, *modules: str) -> Iterator[None]:
    """What is imported within gets a stand-in for `package` and those of its `modules`. Nothing where it is loaded.

    A library that names a driver's errors needs none of it until it sees one.
    """
    if package in sys.modules:
        yield
        return
    stand_in = sys.modules[package] = _Late(package)
    for name in modules:
        whole = f"{package}.{name}"
        sys.modules[whole] = _Late(whole)
        setattr(stand_in, name, sys.modules[whole])
    try:
        yield
    finally:
        for whole in (package, *(f"{package}.{name}" for name in modules)):
            if isinstance(sys.modules.get(whole), _Late):
                del sys.modules[whole]
