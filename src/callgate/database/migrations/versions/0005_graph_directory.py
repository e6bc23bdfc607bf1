"""The directory for Microsoft Graph: bots, and the inbound routes whose calls they are told of."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bot",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("app_id", sa.Text, nullable=False, unique=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("callback", sa.Text, nullable=False),
        sa.Column("media", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("secret_hashes", sa.JSON, nullable=False),
        sa.Column("certificates", sa.JSON, nullable=False),
        sa.Column("numbers", sa.JSON, nullable=False),
        sa.Column("redirects", sa.JSON, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
    )
    op.add_column("inbound_route", sa.Column("bots", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("inbound_route", "bots")
    op.drop_table("bot")
