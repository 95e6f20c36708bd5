"""The log over HTTP: what strangers and witnesses get, and what they may send."""

import io
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from pypdf import PdfReader

from petition.campaign.appeal import SHIPPED_DATA
from petition.core import clock
from petition.features import letter_files
from petition.letters.editions import editions
from petition.letters.formats import docx, pdf
from petition.letters.writing import stored_document
from petition.letters.writing.document import IssueDetails
from petition.log import feature, notes, proofs
from petition.log.note_keys import WITNESS, make_key
from petition.web import mirror
from tests.conftest import Clock, Visit, Visitor
from tests.log.conftest import VKEY, Kept, read_log
from tests.log.test_collect import EDITION, LETTER, SHA
from tests.retention import forging
from tests.tally.publishing import change
from tests.web.tools import campaign  # noqa: F401 (a fixture)

WITNESS_KEY = make_key("witness.example/w1", WITNESS)
STRANGER_KEY = make_key("stranger.example/w", WITNESS)


@pytest.fixture
def _kept_by_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the test keeps the log: the server of the site serves it."""

    async def nothing() -> None:
        pass

    monkeypatch.setattr(feature, "Keeper", lambda _: SimpleNamespace(work=nothing))


@pytest.fixture
async def watched(visit: Visit, time: Clock, tmp_path: Path, _kept_by_the_test: None) -> tuple[Visitor, Kept]:
    """A site that names a witness, and its log with an edition."""
    folder = tmp_path / "campaign"
    folder.mkdir()
    table = f'[log]\nwitnesses = ["{WITNESS_KEY.vkey}"]\n\n[dates]'
    text = (SHIPPED_DATA / "campaign.toml").read_text("utf-8").replace("[dates]", table)
    (folder / "campaign.toml").write_text(text, "utf-8")
    visitor = await visit(campaign=folder)
    kept = Kept(visitor.site, time)
    await forging.insert(visitor.site, "editions", EDITION)
    await forging.insert(visitor.site, "edition_letters", LETTER)
    await change(visitor.site.database, "PL", 40)
    for _ in range(2):
        await kept.later(minutes=2)
    return visitor, kept


async def test_the_files_are_served_to_every_site_with_their_lifetimes(watched: tuple[Visitor, Kept]) -> None:
    visitor, kept = watched
    size, names = kept.head().size, [file for file in kept.folder.rglob("*") if file.is_file()]
    for file in names:
        answer = await visitor.get(f"/log/{file.relative_to(kept.folder)}")
        assert answer.content == file.read_bytes()
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "set-cookie" not in answer.headers
    lifetimes = {
        "checkpoint": "public, max-age=5",
        f"tile/0/000.p/{size}": "public, max-age=31536000, immutable",
        f"tile/entries/000.p/{size}": "public, max-age=31536000, immutable",
        "index.json": "public, max-age=5",
    }
    for name, lifetime in lifetimes.items():
        assert (await visitor.get(f"/log/{name}")).headers["cache-control"] == lifetime
    assert (await visitor.get("/log/policy")).text.splitlines() == [
        f"log {VKEY} http://127.0.0.1:8000/log",
        f"witness w1 {WITNESS_KEY.vkey}",
        "group witnesses 1 w1",
        "quorum witnesses",
    ]


@pytest.mark.parametrize(
    "path",
    [
        *("", "x", "tile/0/000", "tile/0/000.p/1", "tile/0/000.p/256", "tile/entries/001", "tile/9/000", "tile/0/x000"),
        *("../log.lock", "%2e%2e/log.lock", "tile/%2e%2e/log.lock", "checkpoint/", "cosigned", ".checkpoint.new"),
        *("before/%2e%2e/x", "before/x/checkpoint", "files/x.json", f"files/{SHA}.json", "files/../../log.lock"),
        *("tile/0/000.p/0", "tile/0/000.p/01", "tile/00/000", "tile/entries/٠٠٠", "checkpoint%00"),
    ],
)
async def test_anything_else_is_not_there(watched: tuple[Visitor, Kept], path: str) -> None:
    visitor, _ = watched
    assert (await visitor.get(f"/log/{path}")).status_code in (404, 308)


async def test_what_a_witness_signed_is_kept_once_and_shown(watched: tuple[Visitor, Kept]) -> None:
    visitor, kept = watched
    note, now = kept.checkpoint(), clock.epoch()
    for moment in (now, now, now + 9):
        signed = notes.cosign(note, WITNESS_KEY, moment)
        both = notes.cosign(signed, STRANGER_KEY, moment)
        answer = await visitor.client.post("/log/cosignatures", content=both)
        assert (answer.status_code, answer.content) == (204, b"")
    await kept.work()
    opened = notes.open_note(kept.checkpoint(), [VKEY, WITNESS_KEY.vkey])
    assert opened.signed == {"demo.localhost/log": 0, "witness.example/w1": now}
    assert "stranger" not in kept.checkpoint()
    await visitor.app.state.public_state.refresh()
    shown = visitor.app.state.public_state.state.features["log"]
    assert (shown.note, shown.witnesses) == (kept.checkpoint(), ("witness.example/w1",))
    assert shown.last[0] == (kept.head().size - 1, kept.published()[-1])
    assert "<li>witness.example/w1 <code>" in (await visitor.get("/en/log")).text


async def test_who_is_named_and_never_signed_does_not_watch(watched: tuple[Visitor, Kept]) -> None:
    visitor, _ = watched
    await visitor.app.state.public_state.refresh()
    text = (await visitor.get("/en/log")).text
    assert "<li>witness.example/w1 <code>" not in text
    assert "No witness that signs is known yet." in text


async def test_what_is_not_ours_or_not_theirs_is_refused(watched: tuple[Visitor, Kept]) -> None:
    visitor, kept = watched
    note, head = kept.checkpoint(), kept.head()
    other = notes.sign_head(head._replace(root=bytes(32)), kept.keeper._signer.keys)
    bodies = [
        note,
        notes.cosign(note, STRANGER_KEY, 5),
        notes.cosign(other, WITNESS_KEY, 5),
        notes.cosign(notes.sign_head(head._replace(size=2**63 - 1), kept.keeper._signer.keys), WITNESS_KEY, 5),
        notes.cosign(note, WITNESS_KEY, 5).replace("witness.example/w1 ", "witness.example/w1 A"),
        notes.cosign(notes.cosign(note, WITNESS_KEY, 5), WITNESS_KEY, 5),
        note + "".join(make_key(f"w{n}", WITNESS)._line(bytes(72)) for n in range(64)),
        "",
        "x" * 20_000,
    ]
    for body in bodies:
        answer = await visitor.client.post("/log/cosignatures", content=body)
        assert answer.status_code in (413, 422), body[:80]
    assert (await visitor.client.post("/log/cosignatures", content=b"\xff\n\n\xff\n")).status_code == 422
    async with visitor.site.database.reading() as c:
        assert await c.count_rows("log_cosignatures") == 0


async def test_a_letter_has_a_proof_that_needs_no_network(watched: tuple[Visitor, Kept]) -> None:
    visitor, _ = watched
    answer = await visitor.get("/letters/PL-1.tlog-proof")
    assert answer.status_code == 200
    proven = proofs.check_proof(proofs.parse_proof(answer.text), [VKEY], "demo.localhost/log")
    assert json.loads(proven.entry)["letters"] == {"PL-1": SHA}
    for other in ("PL-2", "nothing", "../x"):
        assert (await visitor.get(f"/letters/{other}.tlog-proof")).status_code == 404
    proofs_of = letter_files(visitor.site.settings)
    async with visitor.site.database.reading() as c:
        assert await proofs_of(c, "PL-1") == [("PL-1.tlog-proof", answer.content)]
        assert await proofs_of(c, "PL-9") == []


async def test_the_page_of_a_document_leads_to_its_proof(watched: tuple[Visitor, Kept]) -> None:
    visitor, kept = watched
    await forging.insert(visitor.site, "edition_annexes", forging.ANNEX | {"sha256": "b" * 64})
    path = 'href="/letters/PL-1-A1.tlog-proof"'
    assert path not in (await visitor.get("/en/letters/PL-1-A1")).text, "it is not signed yet"
    await kept.later(minutes=2)
    assert path in (await visitor.get("/en/letters/PL-1-A1")).text
    assert (await visitor.get("/letters/PL-1-A1.tlog-proof")).status_code == 200


async def test_a_proof_has_the_head_that_a_witness_has_signed_if_it_covers_the_letter(
    watched: tuple[Visitor, Kept],
) -> None:
    visitor, kept = watched
    signed = notes.cosign(kept.checkpoint(), WITNESS_KEY, clock.epoch())
    assert (await visitor.client.post("/log/cosignatures", content=signed)).status_code == 204
    await kept.later(minutes=2)
    await change(visitor.site.database, "PL", 40)
    await kept.later(minutes=2)
    assert "witness" not in kept.checkpoint()
    proof = proofs.parse_proof((await visitor.get("/letters/PL-1.tlog-proof")).text)
    proven = proofs.check_proof(proof, [VKEY, WITNESS_KEY.vkey], "demo.localhost/log")
    assert proven.opened.signed.keys() == {"demo.localhost/log", "witness.example/w1"}


async def test_the_mirror_has_the_log(watched: tuple[Visitor, Kept], tmp_path: Path) -> None:
    visitor, kept = watched
    for name, content in mirror.feature_files(visitor.site).items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    assert read_log(tmp_path / "log") == kept.published()


async def test_an_operator_reads_at_readyz_that_the_log_stands_still(watched: tuple[Visitor, Kept]) -> None:
    visitor, _ = watched
    assert (await visitor.get("/readyz")).text == "ready\n"
    await visitor.site.database.write(lambda c: c.run("state.put", name="log_stands", value="Why."))
    visitor.app.state.readiness.expire()
    answer = await visitor.get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\nThe public log stands still. Why.\n")


async def test_letters_print_the_head_before_them(watched: tuple[Visitor, Kept]) -> None:
    visitor, kept = watched
    draft = await visitor.site.current_draft()
    origin, size, root = kept.checkpoint().split("\n")[:3]
    assert draft.log_head == f"{origin} {size} {root}"
    assert editions.basis_of(draft)["log_head"] == draft.log_head
    issue = IssueDetails("PL-9", "https://petition.example/en/letters/PL-9")
    letter = draft.letter(draft.book.find("PL"), issue)
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf.render(letter))).pages]
    assert all(draft.log_head in " ".join(page.split()) for page in pages)
    with zipfile.ZipFile(io.BytesIO(docx.render(letter))) as file:
        assert draft.log_head in file.read("word/footer1.xml").decode()
    assert stored_document.letter_from_dict(stored_document.to_dict(letter)).log_head == draft.log_head
    old = {name: value for name, value in stored_document.to_dict(letter).items() if name != "log_head"}
    assert stored_document.letter_from_dict(old).log_head == "", "letters of old editions stay as they are"


async def test_the_desk_says_that_the_log_stands_still(watched: tuple[Visitor, Kept]) -> None:
    visitor, _ = watched
    await visitor.site.database.write(lambda c: c.run("state.put", name="log_stands", value="Why."))
    await visitor.organiser()
    assert "For the operator: The public log stands still. Why." in (await visitor.get("/organisers/")).text
