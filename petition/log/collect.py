"""Compares what is published with what was logged last: the entries that are missing.

It reads what everybody can read: releases, editions, answers, switches, the campaign; never a count, the journal or a
signature (a test looks). So the log cannot tell more than the pages, or earlier.
"""

import asyncio
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from petition.core import clock
from petition.core.database import state, switches
from petition.core.database.connection import Connection, Row
from petition.core.settings import Mode
from petition.letters import correspondence
from petition.letters.correspondence import Entry as Answer
from petition.log import releases
from petition.log.entries import Entry, canonical_json, sha256
from petition.log.note_keys import LogKey
from petition.log.store import ADOPTED, Log, New
from petition.tally import freeze, schedule
from petition.tally.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Found:
    """What to append, and the files beside the log that nobody may read any more."""

    news: list[New]
    withdrawn_files: list[str]
    settling: bool  # a release is so new that it is logged later


async def mark(c: Connection) -> tuple[int, ...]:
    """One small query: whether anything can have changed since."""
    return tuple(int(value) for value in (await c.one("published.mark") or {}).values())


async def find_new(c: Connection, log: Log, keys: Sequence[LogKey], own: Sequence[New], since: int) -> Found:
    """`own`: what this process runs and shows, as far as that has changed since it last said so.

    `since`: releases after this moment are compared, those before it have been.
    """
    now = clock.epoch()
    await asyncio.to_thread(lambda: log.entries)  # which is computed once
    files = {row["sha256"]: row["content"] for row in await c.all("log.files")}
    released, rules = await releases.read_released(c, since), await _rules(c)
    answers, documents = await correspondence.entries(c), await _new_documents(c, log)
    adopted = int(await state.get(c, ADOPTED) or 0)
    end, expired = await _end(c, log), {row["sha256"] for row in await c.all("log.expired_files", now=now)}

    def compare() -> list[New]:
        return [
            *_new_keys(log, keys),
            *_new_own(log, own),
            *[New(entry) for entry in rules if entry != _last(log, "rule", entry["name"])],
            *releases.new_entries(released, log.entries, files, now, adopted),
            *documents,
            *_new_answers(answers, log, files),
            *end,
        ]

    news = await asyncio.to_thread(compare)  # of a year it takes half a second
    return Found(news, sorted(expired | (_superseded(log) & files.keys())), released.settling)


def _last(log: Log, kind: str, name: str = "") -> Entry | None:
    found = (entry for entry in reversed(log.of_kind(kind)) if entry.get("name", "") == name)
    return next(found, None)


def _new_own(log: Log, own: Sequence[New]) -> Iterator[New]:
    no_witnesses: Entry = {"kind": "witnesses", "quorum": 0, "vkeys": []}
    for new in own:
        last = _last(log, new.entry["kind"]) or no_witnesses
        if new.entry != last:
            yield new


def _new_keys(log: Log, keys: Sequence[LogKey]) -> Iterator[New]:
    """On the machine that has keys: which are new, and which are not used any more."""
    ours = [key.vkey for key in keys]
    if not {*ours} & {*log.current_vkeys}:
        return  # without a key, or with another one: see heads.refuse_other_keys
    yield from (New({"kind": "key", "vkey": v, "state": "added"}) for v in ours if v not in log.current_vkeys)
    yield from (New({"kind": "key", "vkey": v, "state": "retired"}) for v in log.current_vkeys if v not in ours)


async def _rules(c: Connection) -> list[Entry]:
    """What pages say of the rules of this moment, in codes."""
    paused = switches.SIGNING in await switches.paused(c)
    closed = await state.is_closed(c)
    demo = await state.get(c, "mode") == Mode.DEMO
    values = {
        "signing": "closed" if closed else "paused" if paused else "open",
        "figures": "frozen" if await freeze.is_frozen(c) else "released",
        "mailboxes": "warned" if (await switches.get(c, switches.MAILBOXES)).value == "warn" else "refused",
        "windows": _windows(schedule.DEMO if demo else schedule.PRODUCTION),
    }
    return [{"kind": "rule", "name": name, "value": value} for name, value in values.items()]


def _windows(plan: Schedule) -> str:
    """Seconds of the regular and the short window, of the total and of a country."""
    windows = (("total", plan.total), ("country", plan.country))
    return ",".join(f"{name}:{window.regular}/{window.short}" for name, window in windows)


async def _new_documents(c: Connection, log: Log) -> list[New]:
    references = {entry["reference"] for entry in log.of_kind("letter", "annex")}
    numbers = {entry["number"] for entry in log.of_kind("edition")}
    found = [_edition(row) for row in await c.all("published.editions") if row["number"] not in numbers]
    letters = await c.all("published.letters") if found else []
    for entry in found:
        entry["letters"] = {row["reference"]: row["sha256"] for row in letters if row["edition"] == entry["number"]}
    found += [_letter(row) for row in await c.all("published.follow_ups") if row["reference"] not in references]
    found += [_annex(row) for row in await c.all("published.annexes") if row["reference"] not in references]
    return [New(entry) for entry in found]


def _edition(row: Row) -> Entry:
    basis = json.loads(row["basis"])
    as_of = releases.minute(int(clock.parse_iso(basis["as_of"]).timestamp()))
    fields = {"number": int(row["number"]), "day": row["issued_at"][:10], "as_of": as_of, "total": basis["confirmed"]}
    return {"kind": "edition", **fields}


def _letter(row: Row) -> Entry:
    return {"kind": "letter", "day": row["issued_at"][:10], **_named(row)}


def _annex(row: Row) -> Entry:
    """The number of names as its page has it."""
    return {"kind": "annex", "day": row["issued_on"], "names": int(row["name_count"]) // 10 * 10, **_named(row)}


def _named(row: Row) -> dict[str, Any]:
    return {"reference": row["reference"], "edition": int(row["edition"]), "sha256": row["sha256"]}


def _new_answers(answers: Mapping[str, Answer], log: Log, files: Mapping[str, str]) -> Iterator[New]:
    last = {entry["key"]: entry for entry in log.of_kind("answer")}
    for key, answer in answers.items():
        entry, before = answer_entry(key, answer), last.get(key, {})
        texts = {"link": answer.link, "summaries": dict(answer.summaries)} if answer.link or answer.summaries else {}
        file = json.loads(files.get(before.get("file", ""), "{}"))
        same_texts = all(file.get(name) == value for name, value in texts.items()) and bool(texts) == ("file" in before)
        if entry == {name: value for name, value in before.items() if name != "file"} and same_texts:
            continue
        if len(entry) > 2 or texts:  # something is known
            yield _with_file(entry, texts)
        elif before and not before.get("withdrawn"):
            yield New({"kind": "answer", "key": key, "withdrawn": True})
    gone = [key for key, entry in last.items() if key not in answers and not entry.get("withdrawn")]
    yield from (New({"kind": "answer", "key": key, "withdrawn": True}) for key in gone)


def answer_entry(key: str, answer: Answer) -> Entry:
    """Without the texts, which lie beside the log."""
    fields = {
        "sent": _iso(answer.sent),
        "edition": answer.edition,
        "acknowledged": _iso(answer.acknowledged),
        "answered": _iso(answer.answered),
        "stance": answer.stance.value,
    }
    return {"kind": "answer", "key": key, **{name: value for name, value in fields.items() if value}}


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _with_file(entry: Entry, texts: Mapping[str, Any]) -> New:
    if not texts:
        return New(entry)
    facts = {"key": entry["key"], "day": clock.today().isoformat(), **texts, "nonce": secrets.token_hex(16)}
    content = canonical_json(facts)
    return New(entry | {"file": sha256(content)}, {content: 0})


def _superseded(log: Log) -> set[str]:
    """Files of answers that have changed since: nobody may read them for ever."""
    answers = log.of_kind("answer")
    current = {entry["key"]: entry.get("file") for entry in answers}
    return {entry["file"] for entry in answers if "file" in entry} - {*current.values()}


async def _end(c: Connection, log: Log) -> list[New]:
    closed = await state.get(c, "closed")
    if closed is None or log.of_kind("end"):
        return []
    return [New(end_entry("closed", int(closed)))]


def end_entry(reason: str, moment: int) -> Entry:
    return {"kind": "end", "day": clock.from_epoch(moment).date().isoformat(), "reason": reason}
