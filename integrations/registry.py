"""Finds the vendors: a new one is a new module or folder here, and no list to edit."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

import integrations
from integrations.descriptor import Integration


def discover() -> dict[str, Integration[Any]]:
    """Every `INTEGRATION` of a module or package of `integrations`, by its name, sorted.

    Raises ValueError where two share a name: one of them would silently be left out.
    """
    found: dict[str, Integration[Any]] = {}
    for module in pkgutil.iter_modules(integrations.__path__):
        integration = getattr(import_module(f"integrations.{module.name}"), "INTEGRATION", None)
        if integration is None:
            continue
        if integration.name in found:
            raise ValueError(f"integrations.{module.name}: the name {integration.name!r} is already taken")
        found[integration.name] = integration
    return dict(sorted(found.items()))
