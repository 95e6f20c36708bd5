"""`make scan`: wapiti, a black-box scanner, over a running demo, as a visitor and as an admin.

Only loopback, limited time. `python -m tests.scan visitor` leaves the admin out.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.routing import Route

from petition.campaign.appeal import SHIPPED_DATA
from petition.campaign.campaign import load_facts
from petition.core import tokens
from petition.core.languages import LOCALE_FOLDER
from petition.web.routes import routes
from tests.letters.samples import BOOK
from tests.shell import Shell, serving
from tests.web.tools import PARAMETERS

HOME = Path("var/scan").resolve()
WAPITI = HOME / "venv" / "bin" / "wapiti"  # `make` installs it, as in tests/scan.lock
# Modules that use only the site; ssrf, xxe and log4shell ask a server of their authors.
MODULES = "csp,cookieflags,http_headers,redirect,crlf,csrf,methods,htaccess,sql,exec,file,xss,permanentxss"
SECONDS = {"crawl": 60, "attack": 300}  # attack: for each module
OTHERS = sorted(folder.name for folder in LOCALE_FOLDER.iterdir() if folder.is_dir())
FACTS = {fact.id for fact in load_facts(SHIPPED_DATA / "facts.toml")} - {PARAMETERS["fact"]}
FEWEST = 10  # pages; with fewer the scanner saw nothing
# Pages that would end the admin's session or signing; that make forty letters at each try; with a field per language.
LEFT_OUT = (
    *(
        "/organisers/logout",
        "/organisers/sessions/end",
        "/organisers/sessions/end-all",
        "/organisers/people/marta/sessions",
    ),
    *("/organisers/switches/signing", "/organisers/letters.zip", "/organisers/editions", "/organisers/texts/banner"),
)
# Pages that exist some thirty times, once for each addressee, language or fact: one of each is scanned.
REPEATED = (
    *("/organisers/answers/{}", "/organisers/letters/{}.pdf", "/organisers/annexes/{}.pdf"),
    "/organisers/book/{}",
)
# Findings that are not a fault, by category, each with its reason.
EXPLAINED = {
    "Cross Site Request Forgery": "posts from other sites are refused by Sec-Fetch-Site and Origin: web/http/security",
    "HTTP Strict Transport Security (HSTS)": "sent over https only, which a demo has not",
    "Secure Flag cookie": "set over https only, which a demo has not",
}


class _Staying(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follows no redirect: the test looks at the answer itself."""


def main() -> int:
    """Both scans; 1 if a finding is left without an explanation."""
    HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(Path(folder))
        shell.fine("demo", "--signatures", "200")
        with serving(shell) as (address, _):
            shell.fine("organiser", "add", "marta", "--role", "admin", stdin="marta@example.org\n")
            cookie = _log_in(shell.fine("organiser", "link", "marta").strip())
            live = _links(address)
            complaints = _scan("visitor", address, live, "")
            if "visitor" not in sys.argv:
                complaints += _scan("admin", address, [], cookie)
            if b"marta" not in _get(f"{address}/organisers/sessions", cookie):
                complaints.append("admin: the session did not last")
            if (status := _post(f"{address}/en/sign", {"email": "nobody"})) != 422:
                complaints.append(f"the doors were shut in the end ({status}): the scanner saw little")
    print(*complaints, sep="\n")
    return 1 if complaints else 0


def _links(address: str) -> list[str]:
    """Links that work: from the emails to a person who signs and asks for a manage link."""
    for n in range(3):
        email = {"email": f"anna{n}@example.org"}
        _post(f"{address}/en/sign", {**email, "country": "PL", "consent": "on", "updates": "on"})
        _post(f"{address}/en/manage", email)
    for _ in range(60):
        mails = _get(f"{address}/dev/outbox").decode()
        found = sorted(set(re.findall(r"http://[^\s\"<>]*/en/(?:confirm|manage|never-write)/[\w.~-]+", mails)))
        if len(found) >= 12:  # three of each of two emails with two links
            news = {tokens.unsubscribe_secret(link.rpartition("/")[2].partition(".")[0]) for link in found}
            return found + [f"{address}/en/unsubscribe/{token}" for token in sorted(news)[:3]]
        time.sleep(0.5)
    raise AssertionError("no mail came")


def _post(url: str, form: dict[str, str]) -> int:
    try:
        with urllib.request.build_opener(_Staying).open(url, data=urlencode(form).encode()) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        return answer.code


def _log_in(link: str) -> str:
    try:
        urllib.request.build_opener(_Staying).open(link, data=b"")
    except urllib.error.HTTPError as answer:
        morsel = SimpleCookie(answer.headers["set-cookie"])["session"]
        return f"session={morsel.value}"
    raise AssertionError("no session began")


def _get(url: str, cookie: str = "") -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Cookie": cookie})) as answer:
        return bytes(answer.read())


def _scan(who: str, address: str, live: list[str], cookie: str) -> list[str]:
    report, log = HOME / f"{who}.json", HOME / f"{who}.log"
    with tempfile.TemporaryDirectory() as memory, log.open("w") as out:
        command = [*_command(address, report, memory), *_targets(address, live)]
        # What everybody sees was scanned as a visitor; of three colleagues one page is enough.
        desk_only = [f"{address}/{path}/*" for path in ("en", "organisers/people/demo", "organisers/people/default")]
        command += ["-H", f"Cookie: {cookie}", *(word for path in desk_only for word in ("-x", path))] if cookie else []
        done = subprocess.run(command, stdout=out, stderr=out, check=False, timeout=2400)
    found = json.loads(report.read_text("utf-8"))
    pages = int(found["infos"]["crawled_pages_nbr"])
    print(f"{who}: {pages} pages")
    complaints = [] if pages >= FEWEST else [f"{who}: only {pages} pages"]
    complaints += [f"{who}: wapiti said {done.returncode}"] if done.returncode else []
    complaints += [
        f"{who}: {line}"
        for line in log.read_text("utf-8").splitlines()
        if re.search("broken|issues|HTTP 5|Max attack", line)
    ]
    return complaints + _judged(who, found)


def _judged(who: str, found: dict[str, Any]) -> list[str]:
    """The findings without an explanation; prints a line for each category."""
    complaints = []
    for kind in ("vulnerabilities", "anomalies"):
        for category, findings in found[kind].items():
            if findings:
                print(f"  {category}: {len(findings)}  {EXPLAINED.get(category, 'NOT EXPLAINED')}")
            if category not in EXPLAINED:
                complaints += [f"{who}: {category}: {f['method']} {f['path']}: {f['info']}" for f in findings]
    return complaints


def _command(address: str, report: Path, memory: str) -> list[str]:
    command = [str(WAPITI), "-u", f"{address}/", "--scope", "domain", "-m", MODULES, "--no-bugreport", "-v", "1"]
    command += ["--dns-endpoint", "localhost"]  # it looks its own one up at every start, with any modules
    command += ["--max-scan-time", str(SECONDS["crawl"]), "--max-attack-time", str(SECONDS["attack"]), "-f", "json"]
    return [*command, "-o", str(report), "--store-session", memory, "--store-config", memory]


def _targets(address: str, live: list[str]) -> Iterator[str]:
    """Options for wapiti: every address of the site map to start at, links that work, and what to leave out."""
    for route in routes(demo=True):
        if isinstance(route, Route) and route.path not in LEFT_OUT:
            yield from (
                "-s",
                address + route.path.format(**PARAMETERS),
            )
    for link in live:
        yield from ("-s", link)
    for path in LEFT_OUT:
        yield from ("-x", address + path)
    keys = {a.country or a.key for a in BOOK.addressees} | {a.key for a in BOOK.addressees}
    repeated = [path.format(key) for path in REPEATED for key in keys - {"PL"}]
    repeated += [f"/organisers/texts/facts/{id_}" for id_ in FACTS] + [f"/{code}/*" for code in OTHERS]
    repeated += [f"/organisers/texts/appeal/{code}" for code in OTHERS]
    for path in repeated:
        yield from ("-x", address + path)


if __name__ == "__main__":
    sys.exit(main())
