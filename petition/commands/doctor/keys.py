"""Checks keys: to whom is sealed, and where our own keys lie."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import log2
from pathlib import Path

from petition.commands.doctor.finding import Finding
from petition.core import encryption
from petition.core.errors import PetitionError
from petition.core.settings import Settings

# 32 random hexadecimal digits have about 115 by the measure below, 12 random letters and digits 43.
_LEAST_BITS = {"KEY": 90, "TOKEN": 40}


def check_recipients(settings: Settings) -> Finding:
    try:
        different = {str(encryption.parse_recipient(text)) for text in settings.recipients}
    except PetitionError as error:
        return Finding("recipients", str(error))
    if len(different) > 1 or settings.demo:
        return Finding("recipients")
    what = "PETITION_RECIPIENTS names the same key twice" if len(settings.recipients) > 1 else "only one recipient"
    why = "a lost key must not lose the contacts and the backups"
    return Finding("recipients", what, why=why, command="set PETITION_RECIPIENTS to two keys of two people")


def check_weak_keys(settings: Settings) -> Finding:
    """Long is not random: a key that somebody typed can be guessed."""
    weak = sorted({name for name, key in _named_keys(settings) if _is_weak(name, key)})
    if settings.demo or not weak:
        return Finding("random keys")
    why = "who guesses it can make links, or find out who signed"
    return Finding("random keys", f"{', '.join(weak)} is not random", why=why, command=f"{_NEW_KEY} (see the handbook)")


_NEW_KEY = "openssl rand -base64 48 > FILE, before the first visitor"


def check_letters_key(settings: Settings) -> Finding:
    what = "" if settings.letters_key else "PETITION_LETTERS_KEY is empty: the list of an edition is not signed"
    why = "who gets it from somebody else cannot see that it is ours"
    return Finding("signed letters", warning=what, why=why, command="openssl rand -base64 48 > FILE")


def check_same_keys(settings: Settings) -> Finding:
    """Each key has its own purpose, and its own day on which it is destroyed or copied. A demo has one for two."""
    subject, keys = "different keys", _named_keys(settings)
    names = {key: sorted({name for name, other in keys if other == key}) for _, key in keys}
    if settings.demo or not (same := next((several for several in names.values() if len(several) > 1), [])):
        return Finding(subject)
    what = f"{' and '.join(same)} have the same value"
    why = "one that becomes known gives the other away, and only one of them is destroyed at the end"
    is_default = same == ["PETITION_DESK_KEY", "PETITION_SECRET_KEY"]
    command = f"{_NEW_KEY}, for {same[0]}"
    return Finding(subject, "" if is_default else what, what if is_default else "", why, command)


def _named_keys(settings: Settings) -> list[tuple[str, str]]:
    keys = [("PETITION_EMAIL_KEY", settings.email_key)]
    keys += [("PETITION_SECRET_KEY", key) for key in settings.secret_keys]
    keys += [("PETITION_DESK_KEY", key) for key in settings.desk_keys]
    if settings.letters_key:
        keys.append(("PETITION_LETTERS_KEY", settings.letters_key))
    tokens = {"PETITION_METRICS_TOKEN": settings.metrics_token, "PETITION_BOUNCE_TOKEN": settings.bounce_token}
    return keys + [(name, token) for name, token in tokens.items() if token]


def _is_weak(name: str, key: str) -> bool:
    return _random_bits(key) < _LEAST_BITS[name.rpartition("_")[2]]


def _random_bits(key: str) -> float:
    """An upper limit: what the letters allow, or the steps between them (a to z), or the part that is repeated."""
    part = key[: (key + key).index(key, 1)]
    return min(_entropy(part), _entropy([ord(a) - ord(b) for a, b in pairwise(part)]))


def _entropy(parts: Sequence[object]) -> float:
    return sum(-n * log2(n / len(parts)) for n in Counter(parts).values())


def check_outbox_keys(settings: Settings) -> Finding:
    try:
        settings.outbox_keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=settings.outbox_keys):
            pass
    except OSError as error:
        return Finding("outbox keys", f"PETITION_OUTBOX_KEYS cannot be written to: {error.strerror}")
    readable = settings.outbox_keys.stat().st_mode & 0o077
    return Finding("outbox keys", "others can read the folder of PETITION_OUTBOX_KEYS: chmod 700" if readable else "")


def check_keys_apart(settings: Settings) -> Finding:
    """Anyone who copies the data must not get a key too: none lies below PETITION_VAR or the database's folder."""
    if settings.demo:
        return Finding("keys apart from data")
    data = [settings.var.resolve()]
    if settings.database_url.startswith("sqlite"):
        data.append(Path(settings.database_url.removeprefix("sqlite:///")).resolve().parent)
    key_paths = [settings.outbox_keys, *([settings.email_key_file] if settings.email_key_file else [])]
    beside = any(_is_below(path.resolve(), data) for path in key_paths)
    return Finding("keys apart from data", "a key lies in the folder of the database: move it" if beside else "")


def _is_below(path: Path, data: list[Path]) -> bool:
    """Whether a path is in one of these folders, or in the data folder of a PostgreSQL on this machine."""
    if any(path.is_relative_to(folder) for folder in data):
        return True
    return any(_is_file(folder / "PG_VERSION") for folder in (path, *path.parents))  # every PostgreSQL has it


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # we may not look there
        return False
