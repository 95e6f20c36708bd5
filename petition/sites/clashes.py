"""Refuses campaigns that would share something: a database, a folder, a key, a host name."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from urllib.parse import urlsplit

from petition.core.database.sqlite import database_file
from petition.core.errors import SettingsError
from petition.core.settings import Settings
from petition.sites.folder import NamedSite

Thing = tuple[str, object]
_SHAREABLE_FILES = ("PETITION_SMTP_URL_FILE",)


def refuse_clashes(sites: Sequence[NamedSite]) -> None:
    """Raises SettingsError, which names both files and what they share, never a key."""
    for one, other in combinations(sites, 2):
        theirs = dict.fromkeys(thing for _, thing in _things(other))
        for what, thing in _things(one):
            if thing in theirs:
                raise SettingsError(
                    f"{one.name}.env and {other.name}.env have the same {what}: each campaign needs its own."
                )
        _refuse_difference(one, other)


def _refuse_difference(one: NamedSite, other: NamedSite) -> None:
    """What one process can have only once."""
    for what, name in (("mode", "PETITION_MODE"), ("trusted_proxies", "PETITION_TRUSTED_PROXIES")):
        if getattr(one.settings, what) != getattr(other.settings, what):
            raise SettingsError(
                f"{one.name}.env and {other.name}.env must have the same {name}: one process serves both."
            )


def _things(site: NamedSite) -> Iterator[tuple[str, Thing]]:
    """What a campaign has alone: how a person calls it, and a value to compare."""
    settings = site.settings
    for host in hosts(settings):
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


def hosts(settings: Settings) -> list[str]:
    """The names under which a campaign answers."""
    return [name for name in (urlsplit(settings.base_url).hostname, settings.onion_host) if name]


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
