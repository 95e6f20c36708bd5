"""Numbers and days as the readers of each language write them, on the server and in the browser."""

import json
import re
import subprocess
from datetime import date

import pytest

from petition.core.languages import LOCALE_FOLDER, Languages
from tests import ROOT

SITE = Languages(["en", *sorted(folder.name for folder in LOCALE_FOLDER.iterdir() if folder.is_dir())], {})
NUMBERS = (0, 10, 999, 1000, 4649, 9999, 10_000, 46_490, 1_234_567)
# What petition.js does for a page in each language. Before CLDR 48 two languages had another rule.
SCRIPT = """
const [codes, numbers] = JSON.parse(process.argv[1]), cldr = parseFloat(process.versions.cldr), found = {};
for (const code of codes) {
  if (cldr < 48 && ["it", "sl"].includes(code)) continue;
  const document = {documentElement: {lang: code}};
  SOURCE
  found[code] = numbers.map(formatNumber);
}
console.log(JSON.stringify(found));
"""


def test_a_number_that_moves_in_the_browser_looks_as_the_server_wrote_it() -> None:
    source = re.search(
        r"function formatNumber\(.*?\n  }\n", (ROOT / "static" / "petition.js").read_text("utf-8"), re.DOTALL
    )
    assert source
    given = json.dumps([[language.code for language in SITE], NUMBERS])
    command = ["node", "-e", SCRIPT.replace("SOURCE", source[0]), given]
    in_browser = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert len(in_browser) >= 25
    assert in_browser == {code: [SITE[code].format_number(n) for n in NUMBERS] for code in in_browser}


def test_four_digits_stand_together_where_the_language_wants_it() -> None:
    together = {language.code for language in SITE if language.format_number(4649) == "4649"}
    assert together == {"be", "bg", "es", "et", "hu", "it", "lv", "pl", "pt", "sl"}
    assert all(len(language.format_number(46490)) == 6 for language in SITE)


@pytest.mark.parametrize(
    ("code", "first", "second"),
    [
        ("fr", "1er mars 2027", "2 mars 2027"),
        ("it", "1º marzo 2027", "2 marzo 2027"),
        ("el", "1η Μαρτίου 2027", "2 Μαρτίου 2027"),
        ("pl", "1 marca 2027 r.", "2 marca 2027 r."),
        ("lt", "2027 m. kovo 1 d.", "2027 m. kovo 2 d."),
        ("hr", "1. ožujka 2027.", "2. ožujka 2027."),
        ("es", "1 de marzo de 2027", "2 de marzo de 2027"),
    ],
)
def test_a_day_is_written_as_in_a_sentence(code: str, first: str, second: str) -> None:
    found = [SITE[code].format_date(date(2027, 3, day)) for day in (1, 2)]
    assert [" ".join(text.split()) for text in found] == [first, second]


def test_only_the_first_of_a_month_has_an_ordinal() -> None:
    days = [SITE["fr"].format_date(date(2027, 3, day)) for day in range(1, 32)]
    assert [day for day in days if "er " in day] == ["1er mars 2027"]
