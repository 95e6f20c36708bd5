"""Reads and changes single values of petition.env, which people edit too. All else stays."""

import re
import shlex

from petition.core.errors import DataError


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
