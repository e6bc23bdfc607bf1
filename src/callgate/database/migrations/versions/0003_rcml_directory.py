"""The directory for RCML: accounts, applications, phones, and what binds inbound routes to them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("sid", sa.Text, nullable=False, unique=True),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("friendly_name", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("numbers", sa.JSON, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("outbound", sa.Text, nullable=False),
        sa.Column("sign", sa.Boolean, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
    )
    op.create_table(
        "application",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("sid", sa.Text, nullable=False, unique=True),
        sa.Column("friendly_name", sa.Text, nullable=False),
        sa.Column("voice", sa.JSON, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
    )
    op.create_table(
        "phone",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("ha1", sa.Text, nullable=False),
        sa.Column("friendly_name", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("sid", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
    )
    op.add_column("inbound_route", sa.Column("outbound", sa.Text, nullable=False, server_default=""))
    op.add_column("inbound_route", sa.Column("rcml", sa.JSON))


def downgrade() -> None:
    op.drop_column("inbound_route", "rcml")
    op.drop_column("inbound_route", "outbound")
    for table in ("phone", "application", "account"):
        op.drop_table(table)
