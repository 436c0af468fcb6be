"""Opening a database and running transactions in it, with its failures told as sentences."""

import functools
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from engine.store.records import NoStore, StoreBusy, StoreError, StoreFull
from engine.store.tables import METADATA, SCHEMA, SCHEMA_VERSION

BUSY_SECONDS = 5.0
FULL_BYTES = 2**20  # an I/O error with less than this free on the disk is a full disk


class Database:
    """An open store database. Safe to use from any thread; every transaction is short and ends before it returns.

    read(): a snapshot of committed rows.  write(durable): one writer at a time; durable=True waits until the disk has
    it (synchronous=FULL), False survives the death of the process but not of the machine (NORMAL).
    Both raise StoreError (StoreFull for a full disk, StoreBusy for another process) with what went wrong.
    """

    def __init__(self, engine: sa.Engine, path: Path | None) -> None:
        self.engine = engine
        self.path = path
        self.shown = str(path) if path else engine.url.render_as_string(hide_password=True)
        self.version = 0  # counts this process's commits
        self.version_besides_rows = 0  # counts those that brought more than metric rows
        self._writing = threading.Lock()
        self._file = _identity(path) if path else None

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        with self._explained(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, durable: bool = False) -> Iterator[sa.Connection]:
        # Threads of one process queue here instead of in SQLite, whose waiting sleeps and is not fair.
        with self._writing, self._explained():
            with self._transaction("FULL" if durable else "NORMAL") as connection:
                yield connection
            self.version += 1
            self.version_besides_rows += 1

    @contextmanager
    def write_rows(self) -> Iterator[sa.Connection]:
        """write() for metric rows and the progress that comes with them, and nothing else."""
        with self._writing, self._explained():
            with self._transaction("NORMAL") as connection:
                yield connection
            self.version += 1

    @contextmanager
    def _transaction(self, synchronous: str) -> Iterator[sa.Connection]:
        with self.engine.connect() as connection:
            connection = connection.execution_options(uphill_write=synchronous)
            with connection.begin():
                yield connection

    def upsert(self, table: sa.Table) -> Any:
        """An insert that overwrites the row with the same primary key, so that writing twice changes nothing."""
        return _upsert(self.engine.dialect.name, table)

    def shrink(self) -> None:
        """Give the space of deleted rows back to the disk."""
        if self.path is None:
            return
        with self._writing, self._explained(), self.engine.connect() as connection:
            # Each step of this pragma frees one page, and only executescript steps to the end.
            driver: Any = connection.connection.dbapi_connection
            driver.executescript("PRAGMA incremental_vacuum")

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the database's own errors into StoreErrors. The transaction has been rolled back by then."""
        if self.path and _identity(self.path) != self._file:
            # SQLite would go on writing into the deleted file, and a new connection would start an empty one.
            raise StoreError(f"The store {self.shown} was deleted or replaced while it was in use; restart to open it")
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error) as error:
            raise explain(getattr(error, "orig", error), self.shown, self.path) from error
        except sa.exc.TimeoutError as error:
            raise StoreError(f"The store {self.shown} has too many readers at once; try again") from error


def open_database(path_or_url: str | Path, create: bool) -> Database:
    """Open the SQLite file at a path, or the database at an SQLAlchemy URL; make the tables where there are none.

    Raises StoreError: no such store (create=False), not a store, written by a newer Uphill, or not accessible.
    """
    url = _url(str(path_or_url))
    shown = str(path_or_url) if url is None else url.render_as_string(hide_password=True)
    if url is not None and url.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f"A store in {url.get_backend_name()} is not possible; use an SQLite file or PostgreSQL")
    try:
        if url is not None and url.get_backend_name() == "postgresql":
            return _with_tables(Database(sa.create_engine(url, pool_pre_ping=True), None))
        path = Path((url.database if url is not None else str(path_or_url)) or "").expanduser().absolute()
        return _open_sqlite(path, create)
    except sa.exc.DBAPIError as error:
        raise explain(error.orig, shown, None) from error
    except (OSError, ValueError, ImportError) as error:
        raise StoreError(f"The store {shown} cannot be opened: {error}") from error


def _url(address: str) -> sa.URL | None:
    """The address of a database, None for a path. Raises StoreError, without the password that may be in it."""
    if "://" not in address:
        return None
    try:
        return sa.make_url(address)
    except (sa.exc.ArgumentError, ValueError):
        raise StoreError(
            f"The store {re.sub(':[^:@/]*@', ':***@', address)} is no address of a database; it must be like "
            "sqlite:///runs.db or postgresql://user:password@host/name"
        ) from None


def _open_sqlite(path: Path, create: bool) -> Database:
    if path.is_dir():
        raise StoreError(f"The store {path} is a folder; give the name of a file, for instance {path / 'uphill.db'}")
    if not path.exists() and not create:
        raise NoStore(f"There is no store at {path}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size:
        with path.open("rb") as file:
            if file.read(16) != b"SQLite format 3\0":
                raise StoreError(f"{path} is not an Uphill store: it is damaged, or a file of another kind")
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS},
        pool_size=8,
        max_overflow=56,
    )
    sa.event.listen(engine, "connect", _configure)
    sa.event.listen(engine, "begin", _begin)
    try:
        _make_wal(engine)
        return _with_tables(Database(engine, path))
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        engine.dispose()
        raise explain(getattr(error, "orig", error), str(path), path) from error
    except StoreError:
        engine.dispose()
        raise


def _configure(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_size_limit = 16777216")
    connection.execute("PRAGMA cache_size = -8192")


@functools.cache
def _upsert(dialect: str, table: sa.Table) -> Any:
    insert: Any = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    others = [column.name for column in table.columns if not column.primary_key]
    return insert.on_conflict_do_update(
        index_elements=list(table.primary_key.columns), set_={name: insert.excluded[name] for name in others}
    )


def _make_wal(engine: sa.Engine) -> None:
    """Put a new file in WAL mode. Two processes may do so at once, and this step alone ignores the busy timeout."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")  # effective only while the file is empty
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        finally:
            raw.close()
        time.sleep(0.02)


def _begin(connection: sa.Connection) -> None:
    """Deferred transactions that turn into writers fail at once with "database is locked": say it at the start."""
    synchronous = connection.get_execution_options().get("uphill_write")
    if synchronous is None:
        connection.exec_driver_sql("BEGIN")
    else:
        connection.exec_driver_sql(f"PRAGMA synchronous = {synchronous}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _with_tables(database: Database) -> Database:
    """Check the layout's version, or lay out an empty database."""
    with database.read() as connection:
        tables = set(sa.inspect(connection).get_table_names())
    if not tables:
        with database.write(durable=True) as connection:
            METADATA.create_all(connection)
            if connection.scalar(sa.select(SCHEMA.c.version)) is None:
                connection.execute(SCHEMA.insert().values(version=SCHEMA_VERSION))
        with database.read() as connection:
            tables = set(sa.inspect(connection).get_table_names())
    if SCHEMA.name not in tables:
        raise StoreError(f"{database.shown} is a database of another program, not an Uphill store")
    with database.read() as connection:
        version = connection.scalar(sa.select(SCHEMA.c.version))
    if version is None or version > SCHEMA_VERSION:
        raise StoreError(
            f"The store {database.shown} has layout {version}, this Uphill reads up to {SCHEMA_VERSION}; "
            "update Uphill or choose another store"
        )
    missing = sorted(set(METADATA.tables) - tables)
    if missing:
        raise StoreError(f"The store {database.shown} is damaged: it has no table {', '.join(missing)}")
    return database


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def explain(error: BaseException | None, shown: str, path: Path | None) -> StoreError:
    """The database's error as a sentence about the store."""
    code = getattr(error, "sqlite_errorname", "") or ""
    if code == "SQLITE_FULL" or (code.startswith("SQLITE_IOERR") and path and _disk_is_full(path)):
        return StoreFull(f"No space is left on the disk for the store {shown}; free some, and recording goes on")
    if code.startswith("SQLITE_BUSY") or code.startswith("SQLITE_LOCKED"):
        return StoreBusy(f"The store {shown} was busy for {BUSY_SECONDS:.0f} s; another process is holding it")
    if code.startswith("SQLITE_CORRUPT") or code == "SQLITE_NOTADB":
        return StoreError(f"The store {shown} is damaged ({error}); restore a copy or choose another store")
    if code.startswith("SQLITE_READONLY") or code.startswith("SQLITE_PERM"):
        return StoreError(f"The store {shown} cannot be written: {error}")
    return StoreError(f"The store {shown} failed: {error}")


def _disk_is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < FULL_BYTES
    except OSError:
        return False
