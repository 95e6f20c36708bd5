"""The languages of the site, each with a gettext catalogue and a Jinja environment; chooses one for a visitor."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache, cached_property, partial
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

import jinja2
from babel import Locale, dates, lists, localedata
from babel.messages import mofile, pofile

from petition.core import collation, countries, formats, resources, typography
from petition.core.bytecode import MemoryBytecodeCache
from petition.core.countries import Country, Group
from petition.core.sentences import Sentence

LOCALE_FOLDER = resources.folder("locale")
PAGES, DESK = "messages", "desk"  # the catalogues of a language; few have one for the desk
SOURCE_LANGUAGE = "en"
_MAX_HEADER_LENGTH = 512  # characters of Accept-Language; a browser sends fewer than a hundred


class Language:
    """One language: its catalogue, its formats of numbers and dates, its country names, its templates."""

    def __init__(self, code: str, globals_: Mapping[str, Any]) -> None:
        self.code = code
        self.locale = Locale.parse({"pt": "pt_PT", "en": "en_GB"}.get(code, code))
        self.name = (self.locale.languages[code] or code).capitalize()  # in that language, for the language switch
        _drop_unused_data(self.locale)
        self._globals = globals_

    @cached_property
    def reviewed(self) -> bool:
        """Whether a native speaker has read the catalogue. The comment at its top says who, or no."""
        file = _catalogue_file(self.code, PAGES)
        return not file.exists() or "# reviewed = no" not in file.read_text("utf-8").partition("msgid")[0]

    @cached_property
    def has_desk(self) -> bool:
        """Whether the desk speaks it."""
        return self.code == SOURCE_LANGUAGE or _catalogue_file(self.code, DESK).exists()

    def translate(self, message: str, **values: object) -> str:
        """A sentence that N_() has marked, with its values in the form %(name)s, or a Sentence, which has its own."""
        catalogue = _load_catalogue(self.code)
        if isinstance(message, Sentence):
            return message.say_with(catalogue, self._show)
        return str(catalogue.gettext(message)) % values

    def _show(self, value: object) -> str:
        if isinstance(value, date):
            return self.format_date(value)
        if isinstance(value, int):
            return self.format_number(value)
        return self.translate(value) if isinstance(value, Sentence) else str(value)

    def format_number(self, n: int) -> str:
        return formats.format_number(n, self.locale)

    def format_date(self, day: date) -> str:
        return formats.format_date(day, self.locale)

    def format_time(self, moment: datetime) -> str:
        return formats.format_time(moment, self.locale)

    def format_short_date(self, day: date) -> str:
        """For charts: with the year."""
        return str(dates.format_date(day, format="medium", locale=self.locale))

    def join_names(self, names: Sequence[str]) -> str:
        """ "A, B and C"."""
        return str(lists.format_list(names, locale=self.locale))

    def country_name(self, code: str) -> str:
        return countries.country_name(code, self.locale)

    def has_country(self, code: str) -> bool:
        """Whether a form may name it: also one where nobody lives, which an old page in a cache may still offer."""
        return countries.is_country(code, self.locale)

    @cached_property
    def countries(self) -> list[Country]:
        """(code, name) of every country where people live, in the alphabetical order of the language."""
        return countries.inhabited_countries(self.locale)

    @cached_property
    def country_groups(self) -> list[tuple[Group, list[Country]]]:
        """The same for a form: the countries of the language, the other states of the EU, the rest."""
        return countries.group_countries(self.code, self.countries)

    def rank_countries(self, counts: Mapping[str, int]) -> list[tuple[str, int]]:
        """The largest count first; equal counts in alphabetical order of the countries."""
        sort_key = collation.sort_key(self.code)
        return sorted(counts.items(), key=lambda item: (-item[1], sort_key(self.country_name(item[0]))))

    @cached_property
    def jinja(self) -> jinja2.Environment:
        """The templates in this language. Values are escaped in HTML, not in text."""
        env = jinja2.Environment(
            loader=jinja2.FileSystemLoader(resources.folder("templates")),
            autoescape=jinja2.select_autoescape(["html"]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
            bytecode_cache=_BYTECODE_CACHE,
        )
        env.install_gettext_translations(_load_catalogue(self.code), newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
        env.filters |= {
            "number": _runtime_filter(self.format_number),
            "percent": _runtime_filter(partial(formats.format_percent, locale=self.locale)),
            "date": _runtime_filter(self.format_date),
            "time": _runtime_filter(self.format_time),
            "country": _runtime_filter(self.country_name),
            "said": _runtime_filter(self.translate),
        }
        env.globals |= {"language": self, **self._globals}
        return env

    def render(self, template: str, **context: Any) -> str:
        """A page is polished by the rules of the language; in plain text sentences end in one full stop."""
        text = self.jinja.get_template(template).render(**context)
        return typography.polish_html(text, self.code) if template.endswith(".html") else typography.end_once(text)


class Languages:
    """All languages of the site, in the order of the language switch."""

    def __init__(self, codes: Sequence[str], globals_: Mapping[str, Any]) -> None:
        self._globals = globals_
        self._all = {code: Language(code, globals_) for code in codes}

    def __iter__(self) -> Iterator[Language]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, code: object) -> bool:
        return code in self._all

    def __getitem__(self, code: str) -> Language:
        return self._all[code]

    @property
    def default(self) -> Language:
        """English if the site has it, else the first language."""
        return self._all.get(SOURCE_LANGUAGE) or next(iter(self._all.values()))

    def choose(self, accept: str) -> Language:
        """The visitor's best language by Accept-Language (RFC 9110, 12.5.4); the default if none fits."""
        return _choose(accept, self._all) or self.default

    @cached_property
    def of_desk(self) -> dict[str, Language]:
        """English is always there: the desk is written in it."""
        found = {language.code: language for language in self if language.has_desk}
        return (
            found if SOURCE_LANGUAGE in found else {SOURCE_LANGUAGE: Language(SOURCE_LANGUAGE, self._globals), **found}
        )

    def choose_for_desk(self, accept: str) -> Language:
        return _choose(accept, self.of_desk) or self.of_desk[SOURCE_LANGUAGE]


def _choose(accept: str, languages: Mapping[str, Language]) -> Language | None:
    codes = (tag.partition("-")[0].lower() for tag in _tags_by_weight(accept[:_MAX_HEADER_LENGTH]))
    return next((languages[code] for code in codes if code in languages), None)


# Data of CLDR that no page uses: a megabyte for each language, in every process.
_UNUSED_DATA = (
    *("currency_names", "currency_names_plural", "unit_patterns", "unit_display_names", "compact_decimal_formats"),
    *("meta_zones", "zone_formats", "date_fields", "scripts"),
)


def _drop_unused_data(locale: Locale) -> None:
    """Removes unused data from a locale and its parents; Babel would keep it in memory until the process ends."""
    for name in (str(locale), locale.language, "en_001"):
        data = localedata.load(name)
        for key in _UNUSED_DATA:
            data.pop(key, None)
        zones = data.get("time_zones", {}).items()  # for time_zones.city()
        data["time_zones"] = {zone: {"city": names["city"]} for zone, names in zones if "city" in names}


def _tags_by_weight(accept: str) -> list[str]:
    """The tags, highest weight first. A tag with an invalid weight or weight 0 is left out."""
    weighted = []
    for order, part in enumerate(accept.split(",")):
        tag, _, weight = part.replace(" ", "").partition(";q=")
        try:
            q = float(weight or 1)
        except ValueError:
            q = 0.0
        if 0 < q <= 1:
            weighted.append((-q, order, tag))
    return [tag for _, _, tag in sorted(weighted)]


_BYTECODE_CACHE = MemoryBytecodeCache()


def _runtime_filter(filter_: Callable[[Any], str]) -> Callable[..., str]:
    """A filter that Jinja never evaluates at compile time: all languages share the compiled template."""
    return jinja2.pass_context(lambda _, value: filter_(value))


def _catalogue_file(code: str, name: str) -> Path:
    return LOCALE_FOLDER / code / "LC_MESSAGES" / f"{name}.po"


@cache
def _load_catalogue(code: str) -> NullTranslations:
    """The catalogue of the pages, and behind it that of the desk."""
    catalogue = _read_catalogue(_catalogue_file(code, PAGES), code)
    catalogue.add_fallback(_read_catalogue(_catalogue_file(code, DESK), code))
    return catalogue


def _read_catalogue(file: Path, code: str) -> NullTranslations:
    """Reads the .po file itself, so nobody can forget to compile it."""
    if not file.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with file.open("rb") as po:
        mofile.write_mo(compiled, pofile.read_po(po, locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)


def offered_languages(text_languages: list[str]) -> list[str]:
    """The languages that have both a text and a catalogue of the pages; if there is none, all that have a text."""
    site_languages = [
        SOURCE_LANGUAGE,
        *sorted(folder.name for folder in LOCALE_FOLDER.iterdir() if (folder / "LC_MESSAGES").is_dir()),
    ]
    return [code for code in site_languages if code in text_languages] or text_languages


def N_(text: str) -> str:  # noqa: N802 (gettext's own name for "a string to translate later")
    """Marks a text for the catalogues; it is translated where it is shown."""
    return text
