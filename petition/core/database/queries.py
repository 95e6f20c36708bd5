"""Reads the named queries of sql/ and makes their text for SQLite or PostgreSQL. It uses no driver."""

import re
from functools import cache

from petition.core import resources

SQLITE, POSTGRESQL = "sqlite", "postgresql"
SQL_FOLDER = resources.folder("sql")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
_DIALECT_MARK = re.compile(r"-- (sqlite|postgresql)$")


@cache
def queries(dialect: str) -> dict[str, str]:
    """Every query of sql/queries by its name, `file.name`, without the lines for the other database."""
    by_name: dict[str, str] = {}
    for file in sorted((SQL_FOLDER / "queries").rglob("*.sql")):
        for part in file.read_text("utf-8").split("-- name: ")[1:]:
            name, _, sql = part.partition("\n")
            by_name[f"{file.stem}.{name.strip()}"] = _for_dialect(dialect, sql)
    return by_name


def _for_dialect(dialect: str, sql: str) -> str:
    """Leaves out comments, and lines that end in the mark of the other database, `-- sqlite` or `-- postgresql`."""
    lines = [line for line in sql.splitlines() if (mark := _DIALECT_MARK.search(line)) is None or mark[1] == dialect]
    return "\n".join(line.partition("-- ")[0].rstrip() for line in lines).strip()


def split_statements(dialect: str, text: str) -> list[str]:
    """The statements of a migration for one database. A blank line ends a statement."""
    return [sql for part in text.split("\n\n") if (sql := _for_dialect(dialect, part))]


@cache
def numbered_parameters(sql: str) -> tuple[str, tuple[str, ...]]:
    """Replaces each `:name` by `$1`, `$2` … for asyncpg; also returns the names in that order."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
    return _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", sql), names
