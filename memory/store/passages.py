"""Passages of records, and their vectors: made once for each text and each model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, exists, select

from bot.domain.remembered import Passage, RecordKind
from memory.store.database import Database
from memory.store.schema import embeddings, passages
from memory.store.upsert import add_all

AT_ONCE = 500


class Passages:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[Passage]:
        """In order of kind, owner and position."""
        table = passages
        wanted = select(table).order_by(table.c.kind, table.c.owner, table.c.position)
        found = await self._database.read(lambda connection: connection.execute(wanted).all())
        return tuple(
            Passage(kind=RecordKind(row.kind), owner=row.owner, position=row.position, text=row.text) for row in found
        )

    async def without_vector(self, embedder: str, most: int) -> Mapping[str, str]:
        """Texts by digest that this model has not seen yet, each once, at most so many."""
        made = exists().where(embeddings.c.embedder == embedder, embeddings.c.digest == passages.c.digest)
        wanted = select(passages.c.digest, passages.c.text).where(~made).order_by(passages.c.digest).limit(most)
        found = await self._database.read(lambda connection: connection.execute(wanted).all())
        return {row.digest: row.text for row in found}

    async def vectors(self, embedder: str, digests: Collection[str] | None = None) -> Mapping[str, bytes]:
        """By digest; all of them where none are named."""
        table = embeddings
        wanted = select(table.c.digest, table.c.vector).where(table.c.embedder == embedder)

        def read(connection: Connection) -> dict[str, bytes]:
            if digests is None:
                return {row.digest: row.vector for row in connection.execute(wanted)}
            some = wanted.where(table.c.digest.in_(bindparam("digests", expanding=True)))
            names, found = list(digests), {}
            for at in range(0, len(names), AT_ONCE):
                for row in connection.execute(some, {"digests": names[at : at + AT_ONCE]}):
                    found[row.digest] = row.vector
            return found

        return await self._database.read(read)

    async def save_vectors(self, embedder: str, vectors: Mapping[str, bytes]) -> None:
        """By digest; what no passage has any more is not kept. Raises NotStored."""

        def write(connection: Connection) -> None:
            held = set()
            wanted = select(passages.c.digest).where(passages.c.digest.in_(bindparam("digests", expanding=True)))
            names = list(vectors)
            for at in range(0, len(names), AT_ONCE):
                held |= set(connection.execute(wanted, {"digests": names[at : at + AT_ONCE]}).scalars())
            rows = [{"embedder": embedder, "digest": name, "vector": vectors[name]} for name in names if name in held]
            add_all(connection, embeddings, rows)

        await self._database.writer.write(write)


def put_passages(connection: Connection, new: Sequence[Passage], *, kind: RecordKind, owner: str) -> None:
    """Instead of those that the record had."""
    drop_passages(connection, kind, owner, but=[passage.digest for passage in new])
    rows = [
        {"kind": p.kind.value, "owner": p.owner, "position": p.position, "text": p.text, "digest": p.digest}
        for p in new
    ]
    if rows:
        connection.execute(passages.insert(), rows)


def drop_passages(connection: Connection, kind: RecordKind, owner: str, *, but: Sequence[str] = ()) -> None:
    """With the vectors that nothing else has, apart from those of the digests in `but`."""
    mine = (passages.c.kind == kind.value, passages.c.owner == owner)
    digests = set(connection.execute(select(passages.c.digest).where(*mine)).scalars())
    connection.execute(delete(passages).where(*mine))
    for digest in digests.difference(but):
        if not connection.execute(select(passages.c.digest).where(passages.c.digest == digest).limit(1)).first():
            connection.execute(delete(embeddings).where(embeddings.c.digest == digest))
