"""Keys of deliveries, so that a message without a time of its own is stored once, also after a crash."""

from alembic import op

revision = "0002_delivery"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute("""
        CREATE TABLE delivery (
            source TEXT COLLATE "C" NOT NULL,
            key TEXT COLLATE "C" NOT NULL,
            received_at TIMESTAMP WITH TIME ZONE NOT NULL,
            taken_at TIMESTAMP WITH TIME ZONE,
            PRIMARY KEY (source, key)
        )
    """)
    op.execute("CREATE INDEX delivery_received ON delivery USING brin (received_at)")


def downgrade() -> None:
    """Take it away."""
    op.execute("DROP TABLE delivery")
