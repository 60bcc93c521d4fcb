"""What the model said and what it cost: answers, charges and their totals, calls under way, notices, rates."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _answers()
    _spend()
    _held()


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(400), nullable=False),
        sa.Column("kind", sa.String(400), nullable=False),
        sa.Column("incident_id", sa.String(400), nullable=True),
        sa.Column("thread", sa.String(400), nullable=False),
        sa.Column("asked_by", sa.String(400), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("prompt", sa.String(400), nullable=False),
        sa.Column("prompt_hash", sa.String(400), nullable=False),
        sa.Column("evidence_digest", sa.String(400), nullable=False),
        sa.Column("model", sa.String(400), nullable=False),
        sa.Column("sameness", sa.String(length=64), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=False),
        sa.Column("micro_dollars", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.String(400), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("key", name=op.f("uq_answers_key")),
    )
    op.create_index("ix_answers_incident", "answers", ["incident_id", "id"])
    op.create_index("ix_answers_sameness", "answers", ["sameness", "made_at"])
    op.create_index("ix_answers_thread", "answers", ["thread", "id"])


def _spend() -> None:
    op.create_table(
        "charges",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("hold", sa.String(400), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("incident_id", sa.String(400), nullable=True),
        sa.Column("service", sa.String(400), nullable=True),
        sa.Column("person", sa.String(400), nullable=True),
        sa.Column("task", sa.String(400), nullable=False),
        sa.Column("model", sa.String(400), nullable=False),
        sa.Column("is_hit", sa.Boolean(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=False),
        sa.Column("micro_dollars", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.String(400), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charges")),
        sa.UniqueConstraint("hold", name=op.f("uq_charges_hold")),
    )
    op.create_index("ix_charges_incident_id", "charges", ["incident_id"])
    op.create_table(
        "spend_totals",
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(400), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("task", sa.String(length=40), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=False),
        sa.Column("micro_dollars", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "name", "day", "task", "model", name=op.f("pk_spend_totals")),
    )


def _held() -> None:
    op.create_table(
        "spend_holds",
        sa.Column("id", sa.String(400), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("incident_id", sa.String(400), nullable=True),
        sa.Column("service", sa.String(400), nullable=True),
        sa.Column("person", sa.String(400), nullable=True),
        sa.Column("micro_dollars", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spend_holds")),
    )
    op.create_table(
        "spend_notices",
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(400), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "name", "day", "kind", name=op.f("pk_spend_notices")),
    )
    op.create_table(
        "rate_buckets",
        sa.Column("name", sa.String(400), nullable=False),
        sa.Column("remaining", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rate_buckets")),
    )
