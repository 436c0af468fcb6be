"""The tables of the store and the version of their layout."""

import sqlalchemy as sa

SCHEMA_VERSION = 1

METADATA = sa.MetaData()

# One row: which layout this database has.
SCHEMA = sa.Table("uphill_schema", METADATA, sa.Column("version", sa.Integer, nullable=False))

RUNS = sa.Table(
    "runs",
    METADATA,
    # A short key for the many rows that point here; it also orders the runs as they were made (clocks jump).
    sa.Column("run_key", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.String(12), nullable=False, unique=True),
    sa.Column("group_id", sa.String(12), index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("config", sa.Text, nullable=False),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("algorithm", sa.Text, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("attempt", sa.Integer, nullable=False, default=0),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("started_at", sa.Double),
    sa.Column("ended_at", sa.Double),
    sa.Column("iteration", sa.BigInteger, nullable=False, default=0),
    sa.Column("env_steps", sa.BigInteger, nullable=False, default=0),
    sa.Column("budget", sa.BigInteger),
    sa.Column("wall_s", sa.Double, nullable=False, default=0.0),
    sa.Column("best", sa.Double),
    sa.Column("last_return", sa.Double),
    sa.Column("message", sa.Text),
    sa.Column("details", sa.Text),
    sa.Column("tags", sa.Text, nullable=False, default="[]"),
    sa.Column("notes", sa.Text, nullable=False, default=""),
    sa.Column("result", sa.Text),
    sa.Column("checkpoint_step", sa.BigInteger),
    sa.Column("deleted_at", sa.Double),
)

# A run's metric names, append-only: position p is the p-th float64 of its packed rows.
METRIC_NAMES = sa.Table(
    "metric_names",
    METADATA,
    sa.Column("run_key", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# One row per run and step: float64 little-endian, in the order of METRIC_NAMES as it was when the row was written.
METRICS = sa.Table(
    "metrics",
    METADATA,
    sa.Column("run_key", sa.Integer, primary_key=True),
    sa.Column("step", sa.BigInteger, primary_key=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("packed", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Statistics of the steps in [bucket * span, (bucket + 1) * span): packing.STATISTICS x names float64.
ROLLUPS = sa.Table(
    "rollups",
    METADATA,
    sa.Column("run_key", sa.Integer, primary_key=True),
    sa.Column("span", sa.Integer, primary_key=True),
    sa.Column("bucket", sa.BigInteger, primary_key=True),
    sa.Column("first_step", sa.BigInteger, nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("packed", sa.LargeBinary, nullable=False),
)

# The return curve of a run in at most 80 float32, one per `stride` steps.
SPARKLINES = sa.Table(
    "sparklines",
    METADATA,
    sa.Column("run_key", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stride", sa.BigInteger, nullable=False),
    sa.Column("packed", sa.LargeBinary, nullable=False),
)

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("event_id", sa.Integer, primary_key=True),
    sa.Column("run_key", sa.Integer, nullable=False),
    sa.Column("step", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Index("events_of_run", "run_key", "event_id"),
    sqlite_autoincrement=True,  # ids are cursors: never used twice, even after a purge
)

ARTIFACTS = sa.Table(
    "artifacts",
    METADATA,
    sa.Column("run_key", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("step", sa.BigInteger, primary_key=True),
    sa.Column("mime", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

CHECKPOINTS = sa.Table(
    "checkpoints",
    METADATA,
    sa.Column("run_key", sa.Integer, primary_key=True),
    sa.Column("step", sa.BigInteger, primary_key=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("is_best", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
)

BELONGING_TO_RUNS = (METRIC_NAMES, METRICS, ROLLUPS, SPARKLINES, EVENTS, ARTIFACTS, CHECKPOINTS)
