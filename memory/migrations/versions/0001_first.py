"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _intake()
    _incidents()
    _alerts()
    _said()
    _past()


def _intake() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(400), nullable=False),
        sa.Column("key", sa.String(400), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("source", "key", name=op.f("uq_deliveries_source_key")),
    )
    op.create_index(
        "ix_deliveries_pending",
        "deliveries",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "slack_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(400), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_slack_events_event_id")),
    )
    op.create_index(
        "ix_slack_events_unhandled",
        "slack_events",
        ["id"],
        unique=False,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_table(
        "effects",
        sa.Column("key", sa.String(400), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_effects")),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(400), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(400), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=4), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("service", sa.String(400), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("briefed_at", sa.BigInteger(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("place_kind", sa.String(length=10), nullable=True),
        sa.Column("place_channel", sa.String(400), nullable=True),
        sa.Column("place_name", sa.String(400), nullable=True),
        sa.Column("card_channel", sa.String(400), nullable=True),
        sa.Column("card_ts", sa.String(400), nullable=True),
        sa.Column("card_permalink", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("shown_revision", sa.Integer(), nullable=False),
        sa.Column("alert_count", sa.Integer(), nullable=False),
        sa.Column("firing_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("number", name=op.f("uq_incidents_number")),
    )
    op.create_index("ix_incidents_card", "incidents", ["card_channel", "card_ts"], unique=False)
    op.create_index(
        "ix_incidents_outdated",
        "incidents",
        ["number"],
        unique=False,
        sqlite_where=sa.text("shown_revision < revision"),
        postgresql_where=sa.text("shown_revision < revision"),
    )
    op.create_index("ix_incidents_place", "incidents", ["place_channel"], unique=False)
    op.create_index("ix_incidents_status", "incidents", ["status", "resolved_at"], unique=False)
    op.create_index(
        "ix_incidents_unbriefed",
        "incidents",
        ["number"],
        unique=False,
        sqlite_where=sa.text("briefed_at IS NULL"),
        postgresql_where=sa.text("briefed_at IS NULL"),
    )
    op.create_table(
        "channel_names",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(400), nullable=False),
        sa.Column("incident_id", sa.String(400), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_channel_names_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_names")),
        sa.UniqueConstraint("name", name=op.f("uq_channel_names_name")),
    )
    op.create_index(op.f("ix_channel_names_incident_id"), "channel_names", ["incident_id"], unique=False)


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.String(400), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(400), nullable=False),
        sa.Column("fingerprint", sa.String(400), nullable=False),
        sa.Column("service", sa.String(400), nullable=True),
        sa.Column("episode", sa.String(400), nullable=False),
        sa.Column("reason", sa.String(length=30), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_alerts_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("incident_id", "position", name=op.f("uq_alerts_incident_id_position")),
    )
    op.create_index("ix_alerts_condition", "alerts", ["fingerprint", "source", "incident_id"], unique=False)
    op.create_table(
        "incident_services",
        sa.Column("service", sa.String(400), nullable=False),
        sa.Column("incident_id", sa.String(400), nullable=False),
        sa.Column("environment", sa.String(400), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_services_incident_id")),
        sa.PrimaryKeyConstraint("service", "incident_id", "environment", name=op.f("pk_incident_services")),
    )
    op.create_table(
        "episodes",
        sa.Column("episode", sa.String(400), nullable=False),
        sa.Column("incident_id", sa.String(400), nullable=True),
        sa.Column("resolved", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_episodes_incident_id")),
        sa.PrimaryKeyConstraint("episode", name=op.f("pk_episodes")),
    )


def _said() -> None:
    op.create_table(
        "findings",
        sa.Column("incident_id", sa.String(400), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_findings_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_findings")),
    )
    op.create_table(
        "briefings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.String(400), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_briefings_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_briefings")),
        sa.UniqueConstraint("incident_id", "made_at", name=op.f("uq_briefings_incident_id_made_at")),
    )
    op.create_table(
        "timeline",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(400), nullable=False),
        sa.Column("incident_id", sa.String(400), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(400), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(400), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_timeline_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline")),
        sa.UniqueConstraint("key", name=op.f("uq_timeline_key")),
    )
    op.create_index("ix_timeline_incident", "timeline", ["incident_id", "happened_at"], unique=False)


def _past() -> None:
    op.create_table(
        "past_incidents",
        sa.Column("id", sa.String(400), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("service", sa.String(400), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("cause_kind", sa.String(400), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("symptoms", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("embedder", sa.String(400), nullable=True),
        sa.Column("vector", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_incidents")),
    )
