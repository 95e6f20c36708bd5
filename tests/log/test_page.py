"""The page of the log: each entry is a sentence in the language of the page, and nothing of it needs a script."""

import json
from dataclasses import replace
from typing import Any

import pytest

from petition.log import pages
from petition.log.shown import ShownLog
from petition.site import Site
from petition.web.http.assets import load_assets
from petition.web.http.prerendered import BROTLI
from petition.web.http.public_state import read_public_state
from petition.web.prerender import render_texts
from tests.log.samples import KEY, SAMPLES, SHA, checkpoint
from tests.web.tools import Html

SENTENCES = {
    "log": "The log begins, under the name site.example/log.",
    "release": "22 November 2026, 10:00 UTC: 5,010 signatures in total.",
    "withdrawn": "23 November 2026: 20 withdrawn signatures were subtracted.",
    "removal": "24 November 2026: 30 signatures were set aside (throw-away mailboxes).",
    "edition": "22 November 2026: edition 3 of the letters, with the fingerprint of each. Their total is 5,010.",
    "letter": "29 November 2026: the letter PL-3-R1, with its fingerprint.",
    "annex": "22 November 2026: the names that go with a letter, PL-3-A1: 1,230, rounded down to tens.",
    "appeal": "The text of the appeal; languages: 2. Deadline: 31 March 2027. Goal: 100,000.",
    "answer": "Poland: the record of the answer was removed.",
    "rule": "Signing is open.",
    "software": "The site runs version 1.2.0 of the software. 0123abc",
    "key": f"A new key signs the log: {KEY.vkey}",
    "witnesses": "Witnesses of the log: 1. At least 1 of them must sign.",
    "audit": "30 November 2026: everything was counted again, and all figures agree.",
    "correction": "The releases of 22 November 2026, 10:00 UTC do not count: a clock was wrong.",
    "end": "30 April 2027: signing has ended.",
}


async def _pages(site: Site, entries: list[dict[str, Any]]) -> dict[str, str]:
    """As they are with these entries, the newest first."""
    leaves = [json.dumps(entry).encode() for entry in entries]
    last = tuple(enumerate(entries))
    shown = ShownLog(checkpoint(leaves), len(entries), ("witness.example/w1",), last, (KEY.vkey,))
    state = replace(await read_public_state(site), features={pages.NAME: shown})
    return {path: text for path, text, _ in render_texts(site, state, base_url="https://site.example")}


async def _page(site: Site, entries: list[dict[str, Any]]) -> Html:
    return Html((await _pages(site, entries))["/en/log"])


async def test_every_kind_of_entry_is_a_sentence(site: Site) -> None:
    assert SENTENCES.keys() == SAMPLES.keys()
    text = " ".join((await _page(site, [*SAMPLES.values()])).text.split())
    for kind, sentence in SENTENCES.items():
        assert sentence in text, kind


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "answer", "key": "PL", "sent": "2026-11-23"}, "Poland: our letter was sent on 23 November 2026."),
        ({"kind": "answer", "key": "PL", "answered": "2026-12-01"}, "Poland: answered on 1 December 2026."),
        ({"kind": "answer", "key": "nowhere"}, "nowhere: the record of the answer was changed."),
        ({"kind": "appeal", "texts": {"en": SHA}}, "The text of the appeal; languages: 1."),
        ({"kind": "software", "version": "1.2.0"}, "The site runs version 1.2.0 of the software."),
        ({"kind": "audit", "day": "2026-11-30", "ok": False}, "counted again, and not all figures agree."),
        ({"kind": "removal", "day": "2026-11-24", "n": 30, "reason": "domain", "restored": True}, "count again."),
        ({"kind": "witnesses", "quorum": 0, "vkeys": []}, "The log has no witnesses yet."),
        ({"kind": "rule", "name": "signing", "value": "paused"}, "Signing is paused."),
        ({"kind": "rule", "name": "mailboxes", "value": "refused"}, "Mailboxes are not accepted if authorities"),
        ({"kind": "rule", "name": "windows", "value": "total:60/6"}, "A rule of the site: windows = total:60/6"),
        ({"kind": "of-tomorrow"}, "of-tomorrow"),
    ],
)
async def test_what_an_entry_lacks_changes_its_sentence(site: Site, fields: dict[str, Any], sentence: str) -> None:
    assert sentence in " ".join((await _page(site, [fields])).text.split())


async def test_countries_and_institutions_have_their_names_in_the_language(site: Site) -> None:
    answers = [{"kind": "answer", "key": key, "answered": "2026-12-01"} for key in ("PL", "eu-commission")]
    text = Html((await _pages(site, answers))["/pl/log"]).text
    assert "Polska: " in text
    assert site.address_book.find("eu-commission").name("pl") in text


async def test_the_script_gets_a_sentence_for_each_kind_that_names_a_file(site: Site) -> None:
    page = await _page(site, [SAMPLES["log"]])
    kinds = {a["data-kind"] for a in page.all("template")}
    assert kinds == {"release", "edition", "letter", "annex", "appeal", "software", "answer"}
    box = next(a for a in page.all("div") if "data-log" in a)
    assert (box["data-log"], box["data-keys"]) == ("https://site.example/log/checkpoint", KEY.vkey)


def test_the_script_is_small() -> None:
    assert len(load_assets()["log.js"].bodies[BROTLI]) < 3000


async def test_pages_lead_to_the_log_once_it_has_begun(site: Site) -> None:
    begun, empty = [await _pages(site, entries) for entries in ([SAMPLES["log"]], [])]
    assert "The log has not begun yet." in Html(empty["/en/log"]).text
    for path in ("/en/how-we-count", "/en/data"):
        assert "/en/log" in [a["href"] for a in Html(begun[path]).all("a")]
        assert "/en/log" not in [a["href"] for a in Html(empty[path]).all("a")]
    assert "/en/log</loc>" in begun["/sitemap.xml"]
