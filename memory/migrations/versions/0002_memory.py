"""Memory: more of a past incident; postmortems, pages, lessons, notes; passages and their vectors."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _past_incidents()
    _records()
    _people_say()
    _vectors()


def _past_incidents() -> None:
    # Made anew and copied: their vectors move to a table of their own, where they are made again.
    op.rename_table("past_incidents", "past_incidents_before")
    if op.get_bind().dialect.name == "postgresql":  # where the renamed table keeps the name of its key
        op.execute("ALTER INDEX pk_past_incidents RENAME TO pk_past_incidents_before")
    op.create_table(
        "past_incidents",
        sa.Column("id", sa.String(400), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("service", sa.String(400), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("cause_kind", sa.String(400), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("symptoms", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("unhelpful", sa.Text(), nullable=False),
        sa.Column("alerts", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("trust", sa.Float(), nullable=False),
        sa.Column("origin", sa.String(400), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_incidents")),
    )
    op.execute(
        "INSERT INTO past_incidents SELECT id, 0, title, service, started_at, minutes, cause, cause_kind, fix, "
        "symptoms, link, '', '[]', '{}', 'unknown', 0.5, 'file' FROM past_incidents_before"
    )
    op.drop_table("past_incidents_before")


def _records() -> None:
    op.create_table(
        "postmortems",
        sa.Column("incident", sa.String(400), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("accepted_by", sa.String(400), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_postmortems")),
    )
    op.create_table(
        "pages",
        sa.Column("id", sa.String(400), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.String(400), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("alerts", sa.Text(), nullable=False),
        sa.Column("service", sa.String(400), nullable=True),
        sa.Column("owner", sa.String(400), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pages")),
    )
    op.create_index("ix_pages_source", "pages", ["source"])
    op.create_table(
        "lessons",
        sa.Column("id", sa.String(400), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("service", sa.String(400), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(400), nullable=False),
        sa.Column("incident", sa.String(400), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("trust", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lessons")),
    )
    op.create_index("ix_lessons_incident", "lessons", ["incident"])


def _people_say() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("service", sa.String(400), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(400), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index("ix_notes_service", "notes", ["service"])
    op.create_table(
        "feedback",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("owner", sa.String(400), nullable=False),
        sa.Column("person", sa.String(400), nullable=False),
        sa.Column("helped", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "owner", "person", name=op.f("pk_feedback")),
    )
    op.create_table(
        "imported",
        sa.Column("source", sa.String(400), nullable=False),
        sa.Column("key", sa.String(400), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("record", sa.String(400), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "key", name=op.f("pk_imported")),
    )


def _vectors() -> None:
    op.create_table(
        "passages",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("owner", sa.String(400), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("kind", "owner", "position", name=op.f("pk_passages")),
    )
    op.create_index("ix_passages_digest", "passages", ["digest"])
    op.create_table(
        "embeddings",
        sa.Column("embedder", sa.String(400), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("embedder", "digest", name=op.f("pk_embeddings")),
    )
