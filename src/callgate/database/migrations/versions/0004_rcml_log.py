"""RCML: what its REST API shows of calls, and the error log of each account."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rcml_call",
        sa.Column("sid", sa.Text, primary_key=True),
        sa.Column("account_sid", sa.Text, nullable=False),
        sa.Column("parent_sid", sa.Text),
        sa.Column("phone_number_sid", sa.Text),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("called", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("caller_name", sa.Text),
        sa.Column("forwarded_from", sa.Text),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
        sa.Column("started", sa.Double),
        sa.Column("ended", sa.Double),
        sa.Column("ring_seconds", sa.Integer),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_rcml_call_account_sid_created", "rcml_call", ["account_sid", "created"])
    op.create_index("ix_rcml_call_created", "rcml_call", ["created"])
    op.create_index("ix_rcml_call_parent_sid", "rcml_call", ["parent_sid"])
    op.create_table(
        "rcml_notification",
        sa.Column("sid", sa.Text, primary_key=True),
        sa.Column("account_sid", sa.Text, nullable=False),
        sa.Column("call_sid", sa.Text),
        sa.Column("log", sa.Integer, nullable=False),
        sa.Column("code", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("request_url", sa.Text, nullable=False),
        sa.Column("request_method", sa.Text, nullable=False),
        sa.Column("request_variables", sa.Text, nullable=False),
        sa.Column("response_headers", sa.Text, nullable=False),
        sa.Column("response_body", sa.Text, nullable=False),
    )
    op.create_index("ix_rcml_notification_account_sid_at", "rcml_notification", ["account_sid", "at"])
    op.create_index("ix_rcml_notification_at", "rcml_notification", ["at"])
    op.create_index("ix_rcml_notification_call_sid", "rcml_notification", ["call_sid"])


def downgrade() -> None:
    op.drop_table("rcml_notification")
    op.drop_table("rcml_call")
