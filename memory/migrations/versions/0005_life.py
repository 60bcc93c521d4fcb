"""An incident's life: roles, updates, follow-ups, drafts, watches, ties; what incidents know of it.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

RECORDS = (
    "role_holdings",
    "handoffs",
    "status_updates",
    "cadences",
    "announcements",
    "follow_ups",
    "postmortem_drafts",
    "watches",
    "incident_ties",
)


def upgrade() -> None:
    for name in RECORDS:
        _records(name)
    _incidents()


def _records(name: str) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.String(400), nullable=False),
        sa.Column("incident_id", sa.String(400), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("record_id", name=op.f(f"uq_{name}_record_id")),
    )
    op.create_index(f"ix_{name}_incident_id", name, ["incident_id"])
    op.create_index(
        f"ix_{name}_due",
        name,
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )


def _incidents() -> None:
    """What was over before keeps its end as the time when it was mitigated: nothing better is known."""
    op.add_column("incidents", sa.Column("is_private", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("incidents", sa.Column("merged_into", sa.String(400), nullable=True))
    for name in ("acknowledged_at", "identified_at", "mitigated_at"):
        op.add_column("incidents", sa.Column(name, sa.BigInteger(), nullable=True))
    op.execute("UPDATE incidents SET mitigated_at = resolved_at WHERE status = 'resolved'")
