"""A site that refuses, asks for more, or has ended: the probe says which, what to do, and its exit code is right."""

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import httpx2
import pytest

from petition.core.database.database import open_database
from petition.core.database.switches import PROOF
from petition.probe.mailbox import Mailbox
from tests.probe.conftest import ADDRESS, Probed, served
from tests.shell import production_settings, wait_for
from tests.switching import turn
from tests.web.tools import campaign

pytestmark = pytest.mark.slow
STRANGER = "q8w4z6t1@petition.example"  # not the mailbox that the server knows
_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def strange(tmp_path: Path) -> Iterator[Probed]:
    """A probe from outside with a mailbox that the site takes for a person's."""
    with served(tmp_path) as found:
        found.shell.environment |= {"PETITION_BASE_URL": found.address, "PETITION_PROBE_EMAIL": STRANGER}
        yield found


async def _turn(found: Probed, name: str, value: str) -> None:
    """As an admin does at the desk."""
    file = Path(found.shell.environment["PETITION_VAR"]) / "petition.db"
    async with open_database(f"sqlite:///{file}") as database:
        await turn(database, name, value)


def _sign(address: str, email: str) -> int:
    form = {"email": email, "country": "PL", "consent": "on", "website": ""}
    return httpx2.post(f"{address}/en/sign", data=form, headers=_ORIGIN, timeout=60).status_code


class _Front(BaseHTTPRequestHandler):
    """Stands before the site, as nginx does, and answers 429 for paths that begin with `refused`."""

    site, refused = "", ""
    added: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        if re.match(self.refused, self.path):
            self.send_error(429)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name != "Host"} | self.added
        answer = httpx2.request(self.command, self.site + self.path, content=body, headers=headers)
        self.send_response(answer.status_code)
        self.send_header("Location", answer.headers.get("Location", ""))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Nothing of it is worth a line."""


@contextmanager
def _front(site: str, refused: str = "no path", **added: str) -> Iterator[str]:
    """Its address; `added` are headers, with _ for -."""
    named = {name.replace("_", "-"): value for name, value in added.items()}
    handler = type("Front", (_Front,), {"site": site, "refused": refused, "added": named})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_proof_of_work_is_computed(strange: Probed) -> None:
    asyncio.run(_turn(strange, PROOF, "on"))
    wait_for(lambda: httpx2.get(f"{strange.address}/proof-of-work.json").json()["needed"] is True)
    assert strange.shell.fine("probe", "--from-outside").startswith("Signing works: ")
    with closing(sqlite3.connect(Path(strange.shell.environment["PETITION_VAR"]) / "petition.db")) as database:
        assert database.execute("select count(*) from used_proofs").fetchone() == (1,)


def test_over_the_limit_of_its_network_it_says_whose_mailbox_it_must_be(tmp_path: Path) -> None:
    """In production, behind a proxy: a demo has no strangers, and on this machine limits are high."""
    settings = production_settings(tmp_path) | {
        "PETITION_MODE": "production",
        "PETITION_CAMPAIGN": str(campaign(tmp_path / "campaign")),
        "PETITION_TRUSTED_PROXIES": "127.0.0.1",
    }
    del settings["PETITION_SMTP_URL"]  # served() has its own
    with served(tmp_path, **settings) as found, _front(found.address, X_Forwarded_For="203.0.113.7") as front:
        asyncio.run(_turn(found, PROOF, "off"))
        assert any(_sign(front, f"a{n}@example.net") == 429 for n in range(150))
        found.shell.environment |= {"PETITION_BASE_URL": front, "PETITION_PROBE_EMAIL": STRANGER}
        said = found.shell.fails("probe", "--from-outside")
    assert said.startswith("The form was sent, and the answer was 429, not 303. Too many forms came from this network:")
    assert "PETITION_PROBE_EMAIL is not the same on the server" in said
    assert STRANGER not in said


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/en/$", "The appeal was opened, and the answer was 429, not 200."),
        ("/proof-of-work", "What a browser must compute was asked for, and the answer was 429, not a calculation."),
        ("/en/confirm/", "The link of the email was opened, and the answer was 429 without the button to confirm."),
    ],
)
def test_what_stands_before_the_site_takes_no_more(running: Probed, path: str, said: str) -> None:
    kept = dict(running.shell.environment)
    with _front(running.address, path) as front:
        running.rewrite = (running.address.encode(), front.encode())
        try:
            running.shell.environment["PETITION_BASE_URL"] = front
            told = running.shell.fails("probe", "--from-outside", "--wait", "12")
        finally:
            running.shell.environment, running.rewrite = kept, (b"", b"")
    assert told.startswith(said)
    assert "the limits of nginx" in told
    assert "PETITION_SECRET_KEY" not in told


def _silence(found: Probed, email: str) -> None:
    """Signs with the mailbox and presses "never write to me" in the email that comes."""
    assert _sign(found.address, email) == 303
    wait_for(lambda: found.emails() == 1)
    mailbox = Mailbox(found.maildir, email)
    (link,) = re.findall(r"^http://\S+/never-write/\S+$", next(mailbox.texts()), re.M)
    answer = httpx2.post(link, data={"action": "never_write"}, headers=_ORIGIN)
    assert answer.status_code == 303
    mailbox.empty()


def test_never_write_to_me_pressed_by_mistake_silences_no_probe_but_a_mailbox_that_the_server_does_not_know(
    strange: Probed,
) -> None:
    _silence(strange, STRANGER)
    said = strange.shell.fails("probe", "--from-outside", "--wait", "3")
    assert said.startswith("The form was taken, and no email came within 3 seconds.")
    assert "whether PETITION_PROBE_EMAIL is the same on the server" in said
    assert 'none after a press on "never write to me".' in said
    assert strange.emails() == 0
    _silence(strange, ADDRESS)
    strange.shell.environment["PETITION_PROBE_EMAIL"] = ADDRESS
    assert strange.shell.fine("probe").startswith("Signing works: ")


def test_a_site_that_has_ended_is_nothing_to_try_and_from_outside_a_closed_one(tmp_path: Path) -> None:
    today = date.today()
    dates = {"deadline": today - timedelta(days=9), "archived": today - timedelta(days=2)}
    days = {name: f"{day}" for name, day in (dates | {"destruction": today + timedelta(days=99)}).items()}
    with served(tmp_path, PETITION_CAMPAIGN=str(campaign(tmp_path / "ended", **days))) as found:
        assert found.shell.fine("probe") == (
            "Signing is closed at this time, as the campaign or an admin wants it: nothing was tried.\n"
        )
        found.shell.environment["PETITION_BASE_URL"] = found.address
        said = found.shell.fails("probe", "--from-outside")
        assert said.startswith("The appeal was opened, and signing is closed.")
        assert "stop the timer: systemctl disable --now petition-probe.timer." in said
