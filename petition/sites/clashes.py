"""Finds campaigns that would share something: a database, a folder, a key, a host name."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from petition.core.database.sqlite import database_file
from petition.core.errors import SettingsError
from petition.core.settings import Settings
from petition.sites.folder import NamedSite

Thing = tuple[str, object]
_SHAREABLE_FILES = ("PETITION_SMTP_URL_FILE",)


def find_clashes(sites: Sequence[NamedSite]) -> dict[str, SettingsError]:
    """For the name of each campaign that shares something a sentence with both files and what they share, never a key.

    Both are refused: which of them a table belongs to, nobody can tell.
    """
    owners: dict[Thing, NamedSite] = {}
    faults = _find_demos_beside_others(sites)
    for other in sites:
        for what, thing in _things(other):
            one = owners.setdefault(thing, other)
            if one is not other:
                sentence = f"{one.name}.env and {other.name}.env have the same {what}: each campaign needs its own."
                for site in (one, other):
                    faults.setdefault(site.name, SettingsError(sentence))
    return faults


def _find_demos_beside_others(sites: Sequence[NamedSite]) -> dict[str, SettingsError]:
    """A demo answers to this machine only, and so would all that one process serves."""
    demos = [site.name for site in sites if site.settings.demo]
    if len(demos) == len(sites):
        return {}
    sentence = "PETITION_MODE is demo, and another campaign here is in production: a demo needs its own installation."
    return {name: SettingsError(f"{name}.env: {sentence}") for name in demos}


def _things(site: NamedSite) -> Iterator[tuple[str, Thing]]:
    """What a campaign has alone: how a person calls it, and a value to compare."""
    settings = site.settings
    for host in site.hosts:
        yield f"host name {host}", ("host", host)
    for database in _databases(settings.database_url):
        yield "database", ("database", database)
    yield f"folder {settings.var} (PETITION_VAR)", ("file", _identity(settings.var))
    yield f"folder {settings.outbox_keys} (PETITION_OUTBOX_KEYS)", ("file", _identity(settings.outbox_keys))
    if settings.probe_maildir:
        yield "Maildir (PETITION_PROBE_MAILDIR)", ("file", _identity(settings.probe_maildir))
    if settings.probe_email:
        yield "mailbox (PETITION_PROBE_EMAIL)", ("probe", settings.probe_email)
    for name, text in site.environ.items():
        if name.startswith("PETITION_") and name.endswith("_FILE") and name not in _SHAREABLE_FILES:
            yield f"file {text} ({name})", ("file", _identity(Path(text)))
    for name, key in _keys(settings):
        yield f"key ({name})", ("key", key)


def _databases(url: str) -> list[object]:
    """A database may be written in several ways, and on several hosts."""
    if url.startswith("sqlite"):
        return [_identity(database_file(url))]
    parts = urlsplit(url)
    places = parts.netloc.rpartition("@")[2].lower().split(",")
    return [(place if ":" in place else f"{place}:5432", parts.path) for place in places]


def _identity(path: Path) -> object:
    """The same for two names of one file."""
    try:
        found = path.stat()
    except OSError:
        return path.resolve()
    return found.st_dev, found.st_ino


def _keys(settings: Settings) -> Iterator[tuple[str, str]]:
    """A desk has the key of the links if it has none of its own."""
    several = {
        "PETITION_SECRET_KEY": settings.secret_keys,
        "PETITION_DESK_KEY": settings.desk_keys,
        "PETITION_LETTERS_KEY": (settings.letters_key,),
        "PETITION_LOG_KEY": settings.log_keys,
        "PETITION_EMAIL_KEY": (settings.email_key,),
        "PETITION_METRICS_TOKEN": (settings.metrics_token,),
        "PETITION_BOUNCE_TOKEN": (settings.bounce_token,),
    }
    yield from ((name, key) for name, keys in several.items() for key in keys if key)
