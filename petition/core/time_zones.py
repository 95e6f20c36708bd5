"""Time zones by their names in the IANA list, which the system has: tzdata of Debian, and of most containers."""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.core import get_global

from petition.core.toml_tables import TEXT, Table

DEFAULT = "Europe/Brussels"
_REGIONS = "Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific"
_NAME = re.compile(rf"UTC|({_REGIONS})(/[A-Za-z0-9_+-]+){{1,2}}")  # no Etc/GMT+1, which is an hour behind, not ahead


def read_zone(table: Table) -> ZoneInfo:
    """The zone of a table, or DEFAULT. Raises DataError."""
    name = table.optional("zone", TEXT, DEFAULT)
    try:
        if _NAME.fullmatch(name):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass  # as for a name of the wrong form
    raise table.fault(
        f'zone, "{name}", is not known on this machine: write a city of the IANA list such as "{DEFAULT}", or "UTC"; '
        "if it is one, install that list, apt install tzdata"
    )


def city(zone: ZoneInfo, locale: Locale) -> str:
    """The city that a zone is named after, such as Bruksela; the end of its name if CLDR has none, as for UTC."""
    aliases = get_global("zone_aliases")
    main = aliases.get(zone.key, zone.key)
    same = (main, *(name for name in aliases if aliases[name] == main))
    cities = (locale.time_zones.get(name, {}).get("city") for name in same)
    return str(next(filter(None, cities), zone.key.rpartition("/")[2].replace("_", " ")))
