"""Changes single values in TOML that people edit too. All else stays: comments, order, spaces."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date

from petition.core.errors import DataError

Value = str | int | date


def quote(value: Value) -> str:
    """A value as TOML writes it."""
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


def set_toml(text: str, table: str, name: str, value: Value, where: str = "campaign.toml") -> str:
    """Sets a value in one table ("" is the top), at its line or as its first one. Raises DataError if that fails."""
    if _find(text, table, name) == value:
        return text
    line = f"{name} = {quote(value)}"
    start, end = _span(text, table)
    inside, found = re.subn(rf"^{re.escape(name)}[ \t]*=.*$", lambda _: line, text[start:end], count=1, flags=re.M)
    changed = text[:start] + (inside if found else f"{line}\n{text[start:end]}") + text[end:]
    try:
        is_set = _find(changed, table, name) == value
    except ValueError:
        is_set = False
    if not is_set:
        raise DataError(f"{where}: {'.'.join(filter(None, (table, name)))} cannot be set here: write it by hand.")
    return changed


def _find(text: str, table: str, name: str) -> object:
    found: object = tomllib.loads(text)
    for key in (*filter(None, table.split(".")), name):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _span(text: str, table: str) -> tuple[int, int]:
    """From the line after the head of a table to the next head. Raises DataError."""
    heads = list(re.finditer(r"^\[.*\][^\n]*(\n|\Z)", text, re.M))
    if not table:
        return 0, heads[0].start() if heads else len(text)
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        if head[0].split("]")[0] == f"[{table}":
            return head.end(), following.start() if following else len(text)
    raise DataError(f"campaign.toml lacks the table [{table}]: add it.")


def set_row(text: str, list_name: str, row_id: str, values: Mapping[str, Value | None], where: str) -> str:
    """Sets values of the row of [[list_name]] that has this id; None takes one out. Raises DataError if that fails."""
    text = text if text.endswith("\n") else f"{text}\n"
    for start, end in _row_spans(text, list_name):
        row = text[start:end]
        if _loads(row).get("id") == row_id:
            kept = re.sub(rf"^({'|'.join(values)})[ \t]*=.*\n", "", row, flags=re.M)
            lines = "".join(f"{name} = {quote(value)}\n" for name, value in values.items() if value is not None)
            changed = kept.replace("\n", f"\n{lines}", 1)
            wanted = {name: value for name, value in {**_loads(row), **values}.items() if value is not None}
            if _loads(changed) == wanted:
                return text[:start] + changed + text[end:]
    raise DataError(f"{where}: {row_id} cannot be set here: write it by hand.")


def _row_spans(text: str, list_name: str) -> Iterator[tuple[int, int]]:
    """From the line after each head of the list to the next head of anything."""
    heads = list(re.finditer(r"^\[.*\][^\n]*(\n|\Z)", text, re.M))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        if head[0].startswith(f"[[{list_name}]]"):
            yield head.end(), following.start() if following else len(text)


def _loads(row: str) -> dict[str, object]:
    """Empty for what is no TOML by itself."""
    try:
        return tomllib.loads(row)
    except ValueError:
        return {}
