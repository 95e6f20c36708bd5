"""What a process itself runs and shows: its version, the appeal in each language, who watches the log."""

import logging
from collections.abc import Iterator
from functools import cache
from typing import Any

from petition import __version__, version
from petition.campaign.appeal import Appeal, AppealText
from petition.campaign.campaign import Placeholder
from petition.core import resources
from petition.core.errors import DataError
from petition.core.languages import Language, Languages
from petition.log.entries import Entry, canonical_json, sha256
from petition.log.store import New

log = logging.getLogger(__name__)


def own_facts(appeal: Appeal, languages: Languages) -> list[New]:
    """Nothing is said of witnesses as long as there were never any: see collect."""
    witnesses = appeal.campaign.witnesses
    found = [New(_software()), _appeal(appeal, languages)]
    found.append(New({"kind": "witnesses", "quorum": witnesses.quorum, "vkeys": [*witnesses.vkeys]}))
    return found


@cache
def _software() -> Entry:
    """A checkout without git, and a package without the lock, leave that out. `script`: it checks files in browsers."""
    root, script = resources.PACKAGE.parent, resources.folder("static") / "log.js"
    commit, lock = version.commit(root), root / "requirements.lock"
    facts = {"commit": commit, "lock": sha256(lock.read_bytes()) if lock.is_file() else ""}
    facts["script"] = sha256(script.read_bytes())
    return {"kind": "software", "version": __version__, **{name: value for name, value in facts.items() if value}}


def _appeal(appeal: Appeal, languages: Languages) -> New:
    files = {language: canonical_json(text) for language, text in _texts(appeal, languages)}
    campaign = appeal.campaign
    facts: dict[str, Any] = {"goal": campaign.goal, "deadline": campaign.deadline}
    known = {name: value for name, value in facts.items() if not isinstance(value, Placeholder)}
    if "deadline" in known:
        known["deadline"] = known["deadline"].isoformat()
    entry = {"kind": "appeal", **known, "texts": {language: sha256(content) for language, content in files.items()}}
    return New(entry, dict.fromkeys(files.values(), 0))


def _texts(appeal: Appeal, languages: Languages) -> Iterator[tuple[str, dict[str, Any]]]:
    for language in languages:
        try:
            yield language.code, _as_dict(language, appeal.get_text(language))
        except DataError as error:
            log.warning("%s", error)


def _as_dict(language: Language, text: AppealText) -> dict[str, Any]:
    """As people read it: numbers, days and links are filled in."""
    names = ("title", "whom", "summary", "demand", "share", "unstated_country", "body")
    parts = {name: str(getattr(text, name)) for name in names}
    return {"language": language.code, **parts, "sources": [list(source) for source in text.sources]}
