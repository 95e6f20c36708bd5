"""Reads and changes single values in texts that people edit too: settings (NAME=value) and TOML. All else stays."""

import json
import re
import shlex
import tomllib
from datetime import date

from petition.core.errors import DataError

Value = str | int | date


def read_settings(text: str) -> dict[str, str]:
    """The values of a petition.env, without their quotes. Raises DataError."""
    values = {}
    for line in text.splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.lstrip().startswith("#"):
            try:
                values[name.strip()] = "".join(shlex.split(value))
            except ValueError:
                raise DataError(f"petition.env: {name.strip()} has a quotation mark without its other half.") from None
    return values


def set_setting(text: str, name: str, value: str) -> str:
    """Sets a value in its own line, or in the comment that has it, or at the end. An empty one becomes a comment."""
    if read_settings(text).get(name, "") == value:
        return text
    quoted = f'"{value}"' if re.search(r"[^\w@:/.,+-]", value) else value
    line = f"{name}={quoted}" if value else f"# {name}="
    for pattern in (rf"^{name}=.*$", rf"^# *{name}=.*$"):
        if re.search(pattern, text, re.M):
            return re.sub(pattern, lambda _: line, text, count=1, flags=re.M)
    return f"{text.rstrip()}\n{line}\n"


def quote(value: Value) -> str:
    """A value as TOML writes it."""
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


def set_toml(text: str, table: str, name: str, value: Value) -> str:
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
        raise DataError(f"campaign.toml: {'.'.join(filter(None, (table, name)))} cannot be set here: write it by hand.")
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
