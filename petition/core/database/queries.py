"""The named queries of sql/, as text for one database or the other. Knows no driver."""

import re
from functools import cache

from petition.core import resources

SQLITE, POSTGRESQL = "sqlite", "postgresql"
SQL_FOLDER = resources.folder("sql")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
_DIALECT_MARK = re.compile(r"-- (sqlite|postgresql)$")


@cache
def queries(dialect: str) -> dict[str, str]:
    """Every query of sql/queries as `file.name`, with the lines of the other database left out."""
    by_name: dict[str, str] = {}
    for file in sorted((SQL_FOLDER / "queries").rglob("*.sql")):
        for part in file.read_text("utf-8").split("-- name: ")[1:]:
            name, _, sql = part.partition("\n")
            by_name[f"{file.stem}.{name.strip()}"] = _for_dialect(dialect, sql)
    return by_name


def _for_dialect(dialect: str, sql: str) -> str:
    """The statement for one database: lines that end in `-- sqlite` or `-- postgresql` are its alone."""
    lines = [line for line in sql.splitlines() if (mark := _DIALECT_MARK.search(line)) is None or mark[1] == dialect]
    return "\n".join(line.partition("-- ")[0].rstrip() for line in lines).strip()


def split_statements(dialect: str, text: str) -> list[str]:
    """The statements of a migration for one database; a blank line ends each."""
    return [sql for part in text.split("\n\n") if (sql := _for_dialect(dialect, part))]


@cache
def numbered_parameters(sql: str) -> tuple[str, tuple[str, ...]]:
    """`:name` as `$1` for asyncpg, and the names in that order."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
    return _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", sql), names
