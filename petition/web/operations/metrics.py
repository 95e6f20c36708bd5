"""The metrics, for Prometheus (text format 0.0.4). Without the database they say that it is away, and still answer.

Counts are published figures or powers of ten. Live are ages, errors, the trouble of relays, which machines are away,
and what concerns this machine alone, in coarse steps.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from petition import __version__, version
from petition.core import clock, counted, resources
from petition.core.database import migrations, standby
from petition.core.errors import DatabaseError
from petition.mail import machines, outbox
from petition.mail.machines import AwayMachine
from petition.mail.relay_watch import current_troubles
from petition.organisers import activity_log, failed_units, last_checks
from petition.organisers.last_checks import LastAudit, LastDoctor
from petition.protection.proof_of_work import ProofMode
from petition.signing import probes
from petition.signing.probes import LastProbe
from petition.site import Site
from petition.tally.rounding import magnitude, show_magnitude
from petition.web.http.pages import NO_STORE, get_public_status, get_site
from petition.web.http.security import is_forwarded
from petition.web.operations import process
from petition.web.operations.health import ANSWER_TIMEOUT_SECONDS, Readiness, is_operator

# Name of each gauge, and what it says. Those of _STORED are missing while the database is away.
_OWN = {
    "database_up": "One if the database answers this process; else what it knows is missing here.",
    "ready": "One if /readyz says so: the database answers, has the right schema and takes writes.",
    "confirmed": "The published total.",
    "snapshot_age_seconds": "Age of the published figures.",
    "signing_paused": "One while an admin has paused signing.",
    "proof_of_work_required": "One while everybody is asked for a proof of work: a flood.",
    "deadline_seconds": "Time until the deadline of the campaign has passed; below zero after it.",
    "processes": "Processes of this machine that count for these metrics.",
    "writes_waiting": "Writes that wait for the database in this process: none or a power of ten.",
    "disk_free_bytes": "Free bytes on the disk of the SQLite database; with PostgreSQL, of PETITION_VAR. In steps.",
    "database_bytes": "Size of the SQLite database with its log, in steps.",
    "event_loop_lag_seconds": "The longest time in the last minute that this process has let everybody wait.",
}
_STORED = {
    "outbox_waiting": "Emails that wait: none or a power of ten.",
    "outbox_oldest_seconds": "Age of the oldest email that waits.",
    "relays_in_trouble": "Relays that take no email.",
    "machines_away": "Machines that share the outbox and have not been seen for five minutes.",
    "wal_kept_bytes": "What PostgreSQL keeps on its disk for a standby that is behind, in steps; with SQLite 0.",
    "units_failed": "Units of systemd that have failed and do not work again yet.",
    "backup_age_seconds": "Age of the last backup; +Inf if there has never been one.",
    "audit_age_seconds": "Age of the last audit, in days of 86,400 seconds; +Inf if there has never been one.",
    "audit_agrees": "One if the last audit found that all numbers agree.",
    "doctor_age_seconds": "Age of the last doctor, in days of 86,400 seconds; +Inf if there has never been one.",
    "doctor_to_fix": "Checks of the last doctor that found something to repair.",
    "doctor_warnings": "Checks of the last doctor that warn.",
}
_HELP = _OWN | _STORED


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the database tells."""

    waiting: int
    oldest: int
    troubles: int
    away: list[AwayMachine]
    failed_units: int
    wal_kept: int
    last_backup: str | None
    audit: LastAudit | None
    doctor: LastDoctor | None
    probe: LastProbe | None


class StoredFigures:
    """Reads the database for the metrics, once at a time: if it hangs, requests must not use up its connections."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reading: asyncio.Task[_Stored | None] | None = None

    async def read(self) -> _Stored | None:
        """None if the database is away, or takes longer than ANSWER_TIMEOUT_SECONDS."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        await asyncio.wait({reading := self._reading}, timeout=ANSWER_TIMEOUT_SECONDS)
        return reading.result() if reading.done() else None

    async def _read(self) -> _Stored | None:
        try:
            async with self._site.database.reading() as c:
                waiting, oldest = await outbox.queue_status(c)
                troubles, away = await current_troubles(c), await machines.away_machines(c)
                last_backup = await activity_log.last_backup(c)
                checks = await last_checks.last_audit(c), await last_checks.last_doctor(c)
                probe, failed = await probes.last_probe(c), len(await failed_units.list_failed(c))
                kept = await standby.kept_bytes(c)
                return _Stored(waiting, oldest, len(troubles), away, failed, kept, last_backup, *checks, probe)
        except DatabaseError:
            return None


async def metrics(request: Request) -> Response:
    """For who may: strangers get 404."""
    if not is_operator(request):
        raise HTTPException(404)
    figures: StoredFigures = request.app.state.stored_figures
    readiness: Readiness = request.app.state.readiness
    stored, problem = await asyncio.gather(figures.read(), readiness.problem())
    comments = _own_comments(request)
    if stored is not None:
        comments += [machine.describe(show_magnitude) for machine in stored.away]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(request, stored, ready=not problem))
    text = "".join(f"# {comment}\n" for comment in comments) + generate_latest(registry).decode()
    return PlainTextResponse(text, headers={"Cache-Control": NO_STORE})


class _Figures(Collector):
    """All figures of one answer."""

    def __init__(self, request: Request, stored: _Stored | None, *, ready: bool) -> None:
        self._request, self._stored, self._ready = request, stored, ready

    def collect(self) -> Iterator[Metric]:
        values = _own_values(self._request)
        values |= {"database_up": int(self._stored is not None), "ready": int(self._ready)}
        values |= _stored_values(self._stored) if self._stored else {}
        for name in filter(values.__contains__, _HELP):
            yield GaugeMetricFamily(f"petition_{name}", _HELP[name], values[name])
        build = GaugeMetricFamily("petition_build_info", "Version of the program and of its schema.", labels=_BUILD)
        build.add_metric([__version__, version.commit(resources.PACKAGE.parent), str(migrations.latest_version())], 1)
        yield build
        yield from _counts(get_site(self._request))
        if self._stored and _is_probed(self._request):
            yield from _probe_figures(self._stored.probe)
        yield from process.job_figures(self._request.app.state.last_runs)
        yield from process.figures()


_BUILD = ("version", "commit", "schema")


def _own_values(request: Request) -> dict[str, float]:
    site, status = get_site(request), get_public_status(request)
    deadline = site.appeal.campaign.end
    return {
        "confirmed": status.snapshot.confirmed,
        "snapshot_age_seconds": clock.epoch() - int(status.snapshot.as_of.timestamp()),
        "signing_paused": int(status.signing_paused),
        "proof_of_work_required": int(status.proof_mode is ProofMode.ON),
        "processes": site.counters.totals()[0],
        "writes_waiting": magnitude(site.database.writer.waiting),
        "disk_free_bytes": process.free_bytes(site.database.folder or site.settings.var),
        "event_loop_lag_seconds": request.app.state.loop_lag.longest(),
        **({"deadline_seconds": int(deadline.timestamp()) - clock.epoch()} if deadline else {}),
        **({"database_bytes": process.bytes_in(folder)} if (folder := site.database.folder) else {}),
    }


def _own_comments(request: Request) -> list[str]:
    """`petition doctor` asks through the public address, and so learns whom the application takes a visitor for."""
    return [f"asked from {request.client.host}"] if request.client and is_forwarded(request.headers) else []


def _stored_values(stored: _Stored) -> dict[str, float]:
    last, audit, doctor = stored.last_backup, stored.audit, stored.doctor
    return {
        "outbox_waiting": magnitude(stored.waiting),
        "outbox_oldest_seconds": stored.oldest,
        "relays_in_trouble": stored.troubles,
        "machines_away": len(stored.away),
        "units_failed": stored.failed_units,
        "wal_kept_bytes": process.in_steps(stored.wal_kept, process.DISK_STEP),
        "backup_age_seconds": clock.epoch() - int(clock.parse_iso(last).timestamp()) if last else inf,
        "audit_age_seconds": _age(audit),
        "doctor_age_seconds": _age(doctor),
        **({"audit_agrees": int(audit.all_agree)} if audit else {}),
        **({"doctor_to_fix": len(doctor.named("fix")), "doctor_warnings": len(doctor.named("warn"))} if doctor else {}),
    }


def _age(last: LastAudit | LastDoctor | None) -> float:
    return (clock.today() - last.day).days * clock.DAY if last else inf


def _is_probed(request: Request) -> bool:
    """While nobody is meant to sign, no probe runs, and none is missed."""
    site, status = get_site(request), get_public_status(request)
    is_open = site.campaign_state().allows_signing and not (status.signing_closed or status.signing_paused)
    return bool(site.settings.probe_email) and is_open


def _probe_figures(probe: LastProbe | None) -> Iterator[Metric]:
    age = "Age of the last probe of signing; +Inf if there has never been one."
    yield GaugeMetricFamily("petition_probe_age_seconds", age, probe.age if probe else inf)
    if probe:
        yield GaugeMetricFamily("petition_probe_works", "One if the last probe could sign.", int(probe.works))
        took = GaugeMetricFamily("petition_probe_step_seconds", "How long a step of it took.", labels=("step",))
        failed = GaugeMetricFamily("petition_probe_failed", "The step at which it failed, if it did.", labels=("step",))
        for step, seconds in probe.seconds.items():
            took.add_metric([step], seconds)
        if probe.step:
            failed.add_metric([probe.step], 1)
        yield from (took, failed)
        if probe.certificate_ends:
            left = "Time until the certificate that the last probe saw ends; below zero after it."
            yield GaugeMetricFamily("petition_certificate_seconds", left, probe.certificate_ends - clock.epoch())


def _counts(site: Site) -> Iterator[Metric]:
    """Of all processes of this machine."""
    _, totals = site.counters.totals()
    for counter in counted.COUNTERS:
        family = CounterMetricFamily(f"petition_{counter.name}", counter.help, labels=tuple(counter.labels))
        for key in counter.series():
            count = totals[key] if counter.is_live(key) else magnitude(totals[key])
            family.add_metric(key[1:], count)
        yield family
