"""The files of docs/deploy/mirror in use: the pages that the command writes, at a real nginx, and copied by rsync."""

import asyncio
import re
import subprocess
from pathlib import Path

import pytest

from petition.commands import demo_data
from petition.core.settings import Settings
from petition.web.http.security import security_headers
from petition.web.mirror_watch import MirrorWatch
from tests.conftest import Visit, Visitor
from tests.project.mirror_nginx import MIRROR, MirrorNginx
from tests.project.nginx import VISITOR, header, request, status
from tests.project.test_deploy import HARD, _analyze
from tests.web.tools import in_production, on_sqlite


@pytest.fixture
async def pages(visit: Visit, settings: Settings, tmp_path: Path) -> Path:
    visitor: Visitor = await in_production(visit, settings, tmp_path)
    await demo_data.fill_database(visitor.site.database, 2345)
    await visitor.published()
    watch = MirrorWatch(visitor.site, tmp_path / "pages")
    await watch.look()
    watch.close()
    for name, text in (("log/tile/0/000", "x"), ("log/checkpoint", "example/log"), ("status.html", "<p>yes")):
        (tmp_path / "pages" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pages" / name).write_text(text)
    return tmp_path / "pages"


TYPES = {
    "/": "text/html; charset=utf-8",
    "/en/": "text/html; charset=utf-8",
    "/en/tally.html": "text/html; charset=utf-8",
    "/en/tally": "text/html; charset=utf-8",
    "/en/feed.xml": "application/atom+xml; charset=utf-8",
    "/tally.json": "application/json",
    "/history.csv": "text/csv; charset=utf-8",
    "/tally.svg": "image/svg+xml",
    "/static/petition.css": "text/css; charset=utf-8",
    "/log/checkpoint": "text/plain; charset=utf-8",
    "/log/tile/0/000": "application/octet-stream",
    "/status.html": "text/html; charset=utf-8",
}
LIFETIMES = {
    "/en/": "public, max-age=30,",
    "/static/petition.css": "public, max-age=3600,",
    "/log/checkpoint": "public, max-age=5",
    "/log/tile/0/000": "public, max-age=31536000, immutable",
    "/status.html": "no-cache",
}


@on_sqlite
async def test_the_mirrors_nginx_sends_what_the_site_would(pages: Path, tmp_path: Path) -> None:
    nginx = MirrorNginx(tmp_path / "nginx", pages)
    with nginx.running():
        answers = {path: await nginx.say(request("GET", path)) for path in TYPES}
        assert {path: status(answer) for path, answer in answers.items()} == dict.fromkeys(TYPES, 200)
        assert {path: header(answer, "content-type") for path, answer in answers.items()} == {
            path: [kind] for path, kind in TYPES.items()
        }
        for path, lifetime in LIFETIMES.items():
            (found,) = header(answers[path], "cache-control")
            assert found.startswith(lifetime), path
        _has_our_headers(answers["/en/"])
        assert header(answers["/tally.json"], "access-control-allow-origin") == ["*"]
        assert header(answers["/en/"], "access-control-allow-origin") == []
        small = await nginx.say(request("GET", "/en/", Accept_Encoding="gzip"))
        assert header(small, "content-encoding") == ["gzip"]
        (tag,) = header(answers["/tally.json"], "etag")
        assert status(await nginx.say(request("GET", "/tally.json", If_None_Match=tag))) == 304
        refused = [request("POST", "/en/sign", "email=a@b.example"), request("GET", "/.petition-mirror")]
        assert [status(await nginx.say(text)) for text in refused] == [405, 404]
        assert status(await nginx.say(request("GET", "/en/confirm/SecretToken"))) == 404
        moved = await nginx.say(request("GET", "/en/"), port=nginx.clear)
        assert status(moved) == 308
    for trace in (VISITOR, "SecretToken", "/en/", "HTTP/1"):
        assert trace.encode() not in nginx.logs(), trace


def _has_our_headers(answer: str) -> None:
    """The same as the site's, but that nothing may be sent from here."""
    ours = security_headers(secure=True)
    ours["Content-Security-Policy"] = ours["Content-Security-Policy"].replace(
        "form-action 'self'", "form-action 'none'"
    )
    assert {name: header(answer, name) for name in ours} == {name: [value] for name, value in ours.items()}


@on_sqlite
async def test_a_picture_has_its_styles(pages: Path, tmp_path: Path) -> None:
    nginx = MirrorNginx(tmp_path / "nginx", pages)
    with nginx.running():
        picture = await nginx.say(request("GET", "/tally.svg"))
    assert header(picture, "content-security-policy") == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert header(picture, "cross-origin-resource-policy") == ["cross-origin"]


@on_sqlite
async def test_the_pages_are_pushed_and_one_mirror_that_is_away_stops_no_other(pages: Path, tmp_path: Path) -> None:
    """The command of the unit, with folders of this machine instead of ssh."""
    unit = (MIRROR / "petition-mirror-push.service").read_text("utf-8").replace("\\\n", "")
    (line,) = re.findall(r"^ExecStart=/bin/sh -c '(.*)'$", unit, re.M)
    line = line.replace("$$", "$").replace("/var/lib/petition-mirror/pages", str(pages))
    line = line.replace("/etc/petition/mirrors;", f"{tmp_path}/mirrors;")
    near = tmp_path / "near"
    near.mkdir()
    (tmp_path / "mirrors").write_text(f"{tmp_path}/away/deeper/\n{near}/\n")
    (near / "old.html").touch()
    (near / "status.json").write_text("its own")
    assert await _push(line) == 1, "it is tried again"
    assert (near / "en" / "tally.html").read_bytes() == (pages / "en" / "tally.html").read_bytes()
    assert not (near / "old.html").exists()
    assert not (near / "status.html").exists()
    assert (near / "status.json").read_text() == "its own"
    (tmp_path / "mirrors").write_text(f"{near}/\n")
    assert await _push(line) == 0


async def _push(line: str) -> int:
    done = await asyncio.to_thread(subprocess.run, ["sh", "-c", line], check=False, capture_output=True)
    return int(done.returncode)


def test_its_units_are_hardened(tmp_path: Path) -> None:
    """As those of the site: tests/project/test_deploy.py."""
    names = ("petition-mirror.service", "petition-mirror-push.service", "petition-mirror-push.path")
    for name in names:
        text = (MIRROR / name).read_text("utf-8").replace("/opt/petition/.venv/bin/petition", "/bin/true")
        (tmp_path / name).write_text(text)
    alert = (MIRROR.parent / "petition-alert@.service").read_text("utf-8")
    (tmp_path / "petition-alert@.service").write_text(alert.replace("/opt/petition/.venv/bin/petition", "/bin/true"))
    for name in names[:2]:
        text = (tmp_path / name).read_text("utf-8")
        assert set(text.splitlines()) >= HARD
        assert "\nOnFailure=petition-alert@%n.service\n" in text
        assert "\nStartLimitIntervalSec=0\n" in text
        done = _analyze("verify", "--recursive-errors=no", str(tmp_path / name))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert _analyze("security", "--offline=true", "--threshold=11", str(tmp_path / name)).returncode == 0
    assert "/var/lib/petition " in (tmp_path / names[1]).read_text("utf-8"), "the copier reads no database"
