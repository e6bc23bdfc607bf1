"""The journal: calls, verdicts, deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_CALL_ID = sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql")
_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "call",
        sa.Column("id", _CALL_ID, primary_key=True),
        sa.Column("trunk", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("dialled", sa.Text, nullable=False),
        sa.Column("caller_number", sa.Text, nullable=False),
        sa.Column("caller_name", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("sip_call_id", sa.Text, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("controlled", sa.Boolean, nullable=False),
        sa.Column("received", sa.Double, nullable=False),
        sa.Column("told", sa.Double),
        sa.Column("ringing", sa.Double),
        sa.Column("decided", sa.Double),
        sa.Column("answered", sa.Double),
        sa.Column("ended", sa.Double),
        sa.Column("action", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("dialect", sa.Text),
        sa.Column("application", sa.Text),
        sa.Column("status", sa.Integer),
        sa.Column("phrase", sa.Text),
        sa.Column("hung_up_by", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_call_trunk_id", "call", ["trunk", "id"])
    op.create_index("ix_call_route_id", "call", ["route", "id"])
    op.create_index("ix_call_caller_number_id", "call", ["caller_number", "id"])
    op.create_index("ix_call_dialled_id", "call", ["dialled", "id"])
    op.create_index("ix_call_application_id", "call", ["application", "id"])
    op.create_table(
        "verdict",
        sa.Column("id", _BIG_KEY, primary_key=True, autoincrement=False),
        sa.Column("call", _CALL_ID),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("dialect", sa.Text, nullable=False),
        sa.Column("application", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("verdict", sa.JSON, nullable=False),
    )
    op.create_index("ix_verdict_call", "verdict", ["call"])
    op.create_table(
        "delivery",
        sa.Column("id", _BIG_KEY, primary_key=True, autoincrement=False),
        sa.Column("call", _CALL_ID),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("dialect", sa.Text, nullable=False),
        sa.Column("application", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
    )
    op.create_index("ix_delivery_call", "delivery", ["call"])


def downgrade() -> None:
    op.drop_table("delivery")
    op.drop_table("verdict")
    op.drop_table("call")
