"""Visits the public address as a browser would: does it answer, is it ours, and what does a forged header change."""

import asyncio
import http.client
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from petition.commands.doctor.finding import Finding
from petition.core import clock
from petition.core.settings import LOOPBACK_HOSTS, Settings

TIMEOUT_SECONDS = 5
FORGED = "192.0.2.66"  # RFC 5737: nobody has this address
_FEW_DAYS, _TOO_FEW_DAYS = 21, 4  # certbot renews 30 days before the end
_RENEW = "certbot renew && systemctl reload nginx"


@dataclass(slots=True)
class Visit:
    """How to reach the public address. Tests name a server of their own, where we come from, and whom we trust."""

    server: tuple[str, int] | None = None
    source: tuple[str, int] | None = None
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def connect(self, base_url: str) -> ssl.SSLSocket:
        """Raises OSError."""
        parts = urlsplit(base_url)
        server = self.server or (parts.hostname or "", parts.port or 443)
        plain = socket.create_connection(server, TIMEOUT_SECONDS, self.source)
        try:
            return self.context.wrap_socket(plain, server_hostname=parts.hostname)
        except OSError:
            plain.close()
            raise

    def get(self, base_url: str, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Status and text of a page, and the address that we asked from. Raises OSError and HTTPException."""
        connection = http.client.HTTPConnection(urlsplit(base_url).netloc)
        connection.sock = self.connect(base_url)
        own: str = connection.sock.getsockname()[0]
        with closing(connection):
            connection.request("GET", path, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read(1 << 20).decode("utf-8", "replace"), own


async def check_public_address(settings: Settings, visit: Visit | None = None) -> list[Finding]:
    """Nothing is asked of a demo. Some machines cannot reach their own public address: that is a warning only."""
    subject = "public address from outside"
    if settings.demo or not settings.secure:
        return []
    try:
        return await asyncio.to_thread(_visit, settings, visit or Visit())
    except socket.gaierror:
        name = urlsplit(settings.base_url).hostname
        return [
            Finding(
                subject,
                warning=f"{name} has no address in the DNS",
                why="nobody can open the site yet, and its certificate and proxy cannot be checked",
                command=f"publish A and AAAA records for {name}",
            )
        ]
    except ssl.SSLCertVerificationError as error:
        what = f"browsers will not trust the certificate ({error.verify_message or 'it is not valid'})"
        return [Finding(subject, what, why="visitors see a warning instead of the site", command=_RENEW)]
    except (OSError, http.client.HTTPException):
        return [_no_answer(subject, "it does not answer this machine")]


def _no_answer(subject: str, what: str) -> Finding:
    command = "systemctl status nginx petition"
    return Finding(subject, warning=what, why="either the site is down, or a firewall is between", command=command)


def _visit(settings: Settings, visit: Visit) -> list[Finding]:
    findings = [_check_certificate(settings, visit), _check_site(settings, visit)]
    return findings if findings[-1].what else [*findings, _check_forged_header(settings, visit)]


def _check_certificate(settings: Settings, visit: Visit) -> Finding:
    with visit.connect(settings.base_url) as connection:
        until = ssl.cert_time_to_seconds(str((connection.getpeercert() or {})["notAfter"]))
    days = int((until - clock.epoch()) // 86400)
    what = f"it ends in {days} days" if days < _FEW_DAYS else ""
    fix = what if days < _TOO_FEW_DAYS else ""
    why = "certbot should have renewed it by now, and browsers refuse the site after that day"
    return Finding("certificate", fix, "" if fix else what, why, f"systemctl status certbot.timer, then {_RENEW}")


def _check_site(settings: Settings, visit: Visit) -> Finding:
    """security.txt names the address that a site believes to have."""
    subject = "public address from outside"
    status, text, _ = visit.get(settings.base_url, "/.well-known/security.txt")
    if status >= 500:
        return _no_answer(subject, f"it answers with error {status}")
    if status == 200 and f"Canonical: {settings.base_url}/" in text:
        return Finding(subject)
    why = "visitors and links in emails would go to somebody else's pages, or to an old copy"
    command = "nginx -T | grep -A3 server_name, and the A and AAAA records of the name"
    return Finding(subject, "another site answers there", why=why, command=command)


def _check_forged_header(settings: Settings, visit: Visit) -> Finding:
    """Who has the token for /metrics is told there from which address the application sees them come."""
    subject, token = "address of visitors behind the proxy", settings.metrics_token
    headers = {"X-Forwarded-For": FORGED} | ({"Authorization": f"Bearer {token}"} if token else {})
    status, text, own = visit.get(settings.base_url, "/metrics", headers)
    is_open = status == 200 and not token
    fault = "the proxy does not say that it forwards, so /metrics is open to everybody" if is_open else ""
    fault = fault or _fault_of_address(text, own)
    command = "proxy_set_header X-Forwarded-For $remote_addr (docs/deploy/nginx.conf), PETITION_TRUSTED_PROXIES"
    return Finding(subject, fault, why="the limits for each network would hold for nobody, or for all", command=command)


def _fault_of_address(text: str, own: str) -> str:
    """A machine that reaches its public address over the loopback is rightly seen to come from there."""
    if f"asked from {FORGED}\n" in text:
        return "the proxy passes on what visitors say of their own address"
    if any(f"asked from {host}\n" in text for host in LOOPBACK_HOSTS if host != own):
        return "the application takes every visitor for the proxy"
    return ""
