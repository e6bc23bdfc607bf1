"""The directory for queues: queues, agents, and inbound routes that lead to a queue or a phone."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "queue",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("number", sa.Text, nullable=False, unique=True),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("wait", sa.Double, nullable=False),
        sa.Column("overflow", sa.Text, nullable=False),
        sa.Column("refusal", sa.Text, nullable=False),
        sa.Column("ring", sa.Double, nullable=False),
        sa.Column("after_call_work", sa.Double, nullable=False),
        sa.Column("missed", sa.Text, nullable=False),
        sa.Column("reject_pause", sa.Double, nullable=False),
    )
    op.create_table(
        "agent",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("first_name", sa.Text, nullable=False),
        sa.Column("last_name", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("queues", sa.JSON, nullable=False),
        sa.Column("features", sa.JSON, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
    )
    op.add_column("inbound_route", sa.Column("queue", sa.Text, nullable=False, server_default=""))
    op.add_column("inbound_route", sa.Column("phone", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("inbound_route", "phone")
    op.drop_column("inbound_route", "queue")
    op.drop_table("agent")
    op.drop_table("queue")
