"""The named queries of sql/, as text for one database or the other. Knows no driver."""

import re
from functools import cache

from petition.core import resources

SQLITE, POSTGRESQL = "sqlite", "postgresql"
SQL = resources.folder("sql")
_BIND = re.compile(r"(?<![:\w]):([a-z_]+)")
_ONLY = re.compile(r"-- (sqlite|postgresql)$")


@cache
def queries(dialect: str) -> dict[str, str]:
    """Every query of sql/queries as `file.name`, with the lines of the other database left out."""
    found: dict[str, str] = {}
    for file in sorted((SQL / "queries").rglob("*.sql")):
        for part in file.read_text("utf-8").split("-- name: ")[1:]:
            name, _, sql = part.partition("\n")
            found[f"{file.stem}.{name.strip()}"] = _for(dialect, sql)
    return found


def _for(dialect: str, sql: str) -> str:
    """The statement for one database: lines that end in `-- sqlite` or `-- postgresql` are its alone."""
    lines = [line for line in sql.splitlines() if (only := _ONLY.search(line)) is None or only[1] == dialect]
    return "\n".join(line.partition("-- ")[0].rstrip() for line in lines).strip()


def statements(dialect: str, text: str) -> list[str]:
    """The statements of a migration for one database; a blank line ends each."""
    return [sql for part in text.split("\n\n") if (sql := _for(dialect, part))]


@cache
def numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """`:name` as `$1` for asyncpg, and the names in that order."""
    names = tuple(dict.fromkeys(_BIND.findall(sql)))
    return _BIND.sub(lambda found: f"${names.index(found[1]) + 1}", sql), names
