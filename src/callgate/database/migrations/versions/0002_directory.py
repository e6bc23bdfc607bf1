"""The directory: trunks, inbound routes, clients, API keys."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trunk",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("sources", sa.JSON, nullable=False),
        sa.Column("control", sa.Boolean, nullable=False),
        sa.Column("refuse", sa.Text, nullable=False),
        sa.Column("lapse", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
    )
    op.create_table(
        "inbound_route",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("did", sa.Text, nullable=False),
        sa.Column("trunks", sa.JSON, nullable=False),
        sa.Column("window", sa.Double, nullable=False),
        sa.Column("lapse", sa.Text),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
    )
    op.create_table(
        "client",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("client_id", sa.Text, nullable=False, unique=True),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("dialect", sa.Text, nullable=False),
        sa.Column("see", sa.JSON, nullable=False),
        sa.Column("decide", sa.JSON, nullable=False),
        sa.Column("webhooks", sa.JSON, nullable=False),
        sa.Column("webhook_timeout", sa.Double, nullable=False),
        sa.Column("webhook_retries", sa.Integer, nullable=False),
    )
    op.create_table(
        "api_key",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("scope", sa.Text, nullable=False),
    )
    op.create_table(
        "directory_number",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    for table in ("directory_number", "api_key", "client", "inbound_route", "trunk"):
        op.drop_table(table)
