"""What the table of settings says of each: its name, how it is read, what it is for."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from petition.core.errors import SettingsError
from petition.core.setting_parsers import split_list

_T = TypeVar("_T")
_INTERNAL = ("PETITION_SERVE_", "PETITION_TEST_")  # from `petition serve` to its workers; for tests


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    parse: Callable[[str], Any]
    meaning: str  # for README.md
    default: str = ""  # {NAME} is replaced by the value of another setting
    needed: bool = False  # required in production: no default can be right


def setting(name: str, parser: Callable[[str], _T], meaning: str, default: str = "", *, needed: bool = False) -> _T:
    """A dataclass field without a default. Like dataclasses.field(), it has the type of its value."""
    made: _T = field(metadata={"row": Row(name, parser, meaning, default, needed)})
    return made


def value_of(environ: Mapping[str, str], name: str) -> str:
    """The variable NAME, or the content of the file in NAME_FILE, so that a secret need not be in the environment."""
    file = environ.get(f"{name}_FILE")
    try:
        text = (Path(file).read_text("utf-8") if file else environ.get(name, "")).strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{name}_FILE names a file that cannot be read.") from None
    return text if split_list(text) else ""  # commas alone are empty


def refuse_unknown(environ: Mapping[str, str], known: Collection[str]) -> None:
    """Raises SettingsError for a name PETITION_… that is no setting: it may be one that is misspelt."""
    for name in sorted(environ):
        if not name.startswith("PETITION_") or name.startswith(_INTERNAL) or name.removesuffix("_FILE") in known:
            continue
        nearest = get_close_matches(name.removesuffix("_FILE"), known, 1, 0)[0]
        raise SettingsError(f"{name} is not a setting; the nearest is {nearest}.")


def refuse_missing(given: Mapping[str, str], needed: Collection[str]) -> None:
    """Raises SettingsError for what production needs and has not, and for keys that are too short."""
    if missing := [name for name in needed if not given[name]]:
        raise SettingsError(f"Production needs {', '.join(missing)}.")
    keys = {name: split_list(text) for name, text in given.items() if name.endswith("_KEY")}
    keys["PETITION_EMAIL_KEY"] = (given["PETITION_EMAIL_KEY"],)  # always one key, never a list
    short = [name for name, several in sorted(keys.items()) if any(len(key) < 32 for key in several)]
    if short:
        raise SettingsError(f"{' and '.join(short)} must have 32 characters or more.")
