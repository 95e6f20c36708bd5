"""All addresses of the site: first what thousands do in one second, then in the order of a visit."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from petition.features import features
from petition.web.desk import (
    abuse,
    activity_log,
    addressees,
    annexes,
    campaign_texts,
    correspondence,
    editions,
    export,
    facts,
    follow_ups,
    letters,
    login,
    news,
    operations,
    overview,
    pages,
    paper,
    people,
    person_changes,
    printed_names,
    public_keys,
    sealed_copies,
    second_factor,
    sessions,
    set_aside,
    switches,
    texts,
    unusual,
)
from petition.web.http.pages import get_language, not_found
from petition.web.operations import bounce_webhook, dev_outbox, health, metrics
from petition.web.public import emailed_links, letter_check, manage, sharing, signing

GET_POST = ["GET", "POST"]


def _prerendered(*paths: str) -> list[Route]:
    """PrerenderedResponses answers these before routing. Here they complete the list, and lead to 404 and 405."""
    return [Route(path, not_found) for path in paths]


def _localised(path: str, handler: Callable[[Request], Awaitable[Response]], methods: list[str] | None = None) -> Route:
    """The address in each language of the site. An unknown language gets 404, and the handler does not run."""

    @wraps(handler)
    async def checked(request: Request) -> Response:
        get_language(request)
        return await handler(request)

    return Route(f"/{{lang}}{path}", checked, methods=methods)


_BUSIEST: list[BaseRoute] = [
    _localised("/sign", signing.sign, methods=["POST"]),
    _localised("/confirm/{token}", signing.confirm, methods=GET_POST),
    Route("/", signing.redirect_to_language),
    Route("/proof-of-work.json", signing.proof_of_work),
    *_prerendered("/tally.json", "/tally.csv", "/paper.csv", "/history.csv", "/history-hours.csv", "/history.json"),
    *_prerendered("/governments.json", "/governments.csv", "/quality.json", "/{lang}/feed.xml"),
    *_prerendered("/tally-excel.csv", "/paper-excel.csv", "/history-excel.csv", "/history-hours-excel.csv"),
    *_prerendered("/governments-excel.csv"),
    *_prerendered("/tally.svg", "/tally-per-million.svg", "/history.svg", "/governments.svg"),
    Route("/healthz", health.healthz),
    Route("/readyz", health.readyz),
    Route("/metrics", metrics.metrics),
    Route("/bounces", bounce_webhook.receive_bounce, methods=["POST"]),
]
_DESK: list[BaseRoute] = [
    Route("/organisers/login", login.login, methods=GET_POST),
    Route("/organisers/login/{token}", login.redeem, methods=GET_POST),
    Route("/organisers/", overview.overview),
    Route("/organisers/live", overview.live),
    Route("/organisers/factor", second_factor.verify, methods=GET_POST),
    Route("/organisers/factor/challenge", second_factor.challenge, methods=["POST"]),
    Route("/organisers/factors", second_factor.manage_factors, methods=GET_POST),
    Route("/organisers/sessions", sessions.index),
    Route("/organisers/sessions/end", sessions.end, methods=["POST"]),
    Route("/organisers/people", people.index),
    Route("/organisers/people", people.invite, methods=["POST"]),
    Route("/organisers/people/{nickname}", people.person),
    Route("/organisers/people/{nickname}/role", person_changes.change_role, methods=["POST"]),
    Route("/organisers/people/{nickname}/link", person_changes.make_link, methods=["POST"]),
    Route("/organisers/people/{nickname}/reset", person_changes.reset_factors, methods=["POST"]),
    Route("/organisers/people/{nickname}/remove", person_changes.remove, methods=["POST"]),
    Route("/organisers/people/{nickname}/sessions", person_changes.end_sessions, methods=["POST"]),
    Route("/organisers/operations", operations.index),
    Route("/organisers/record", activity_log.index),
    Route("/organisers/keys", public_keys.index),
    Route("/organisers/seen", public_keys.acknowledge, methods=["POST"]),
    Route("/organisers/logout", login.logout, methods=["POST"]),
    Route("/organisers/language", pages.choose_language, methods=["POST"]),
    Route("/organisers/switches", switches.index),
    Route("/organisers/switches/{name}", switches.turn, methods=["POST"]),
    Route("/organisers/forms", abuse.index),
    Route("/organisers/aside", abuse.quarantine_network, methods=["POST"]),
    Route("/organisers/unusual", unusual.unusual, methods=GET_POST),
    Route("/organisers/restore", abuse.restore, methods=["POST"]),
    Route("/organisers/set-aside", set_aside.index),
    Route("/organisers/set-aside", set_aside.keep, methods=["POST"]),
    Route("/organisers/set-aside/{batch}", set_aside.show),
    Route("/organisers/set-aside/{batch}/propose", set_aside.propose, methods=["POST"]),
    Route("/organisers/set-aside/{batch}/agree", set_aside.agree, methods=["POST"]),
    Route("/organisers/set-aside/{batch}/dismiss", set_aside.dismiss, methods=["POST"]),
    Route("/organisers/set-aside/{batch}/undo", set_aside.undo, methods=["POST"]),
    Route("/organisers/letters", letters.index),
    Route("/organisers/letters.zip", letters.archive),
    Route("/organisers/letters/{key}.{kind}", letters.letter),
    Route("/organisers/annexes/{key}.pdf", letters.annex),
    Route("/organisers/annexes", annexes.permissions, methods=GET_POST),
    Route("/organisers/editions", editions.index, methods=GET_POST),
    Route("/organisers/editions/{n}.zip", editions.archive),
    Route("/organisers/editions/{reference}.{kind}", editions.letter),
    Route("/organisers/editions/{n}", editions.edition),
    Route("/organisers/editions/{n}/time-stamp", editions.get_time_stamp, methods=["POST"]),
    Route("/organisers/editions/{reference}/sealed", sealed_copies.index, methods=GET_POST),
    Route("/organisers/editions/{n}/names/{key}", annexes.make_annex, methods=["POST"]),
    Route("/organisers/names", printed_names.index),
    Route("/organisers/names/{country}/{state}", printed_names.names_of_country, methods=GET_POST),
    Route("/organisers/paper", paper.index, methods=GET_POST),
    Route("/organisers/paper/{country}/{sheet}", paper.sheet, methods=GET_POST),
    Route("/organisers/signatures.csv", export.signatures_csv),
    Route("/organisers/news", news.index),
    Route("/organisers/news.csv", news.news_csv),
    Route("/organisers/answers/{key}", correspondence.edit_entry, methods=GET_POST),
    Route("/organisers/answers/{key}/reminder", follow_ups.make_reminder, methods=["POST"]),
    Route("/organisers/answers/{key}/reply", follow_ups.make_reply, methods=["POST"]),
    Route("/organisers/reminders", correspondence.reminders),
    Route("/organisers/book/{key}", addressees.edit_address, methods=GET_POST),
    Route("/organisers/texts", texts.index),
    Route("/organisers/texts.zip", texts.archive),
    Route("/organisers/texts/facts/{fact}", facts.edit_fact, methods=GET_POST),
    Route("/organisers/texts/appeal/{lang}", campaign_texts.edit_appeal, methods=GET_POST),
    Route("/organisers/texts/banner", campaign_texts.edit_banner, methods=GET_POST),
    Route("/organisers/texts/campaign", campaign_texts.edit_campaign, methods=GET_POST),
    Route("/organisers/texts/history", texts.history),
    Route("/organisers/texts/undo", texts.undo, methods=["POST"]),
]
_PAGES: list[BaseRoute] = [
    Route("/letters/{reference}.pdf", letter_check.letter_pdf),
    *_prerendered("/{lang}/", "/{lang}/help", "/{lang}/tally", "/{lang}/governments", "/{lang}/privacy"),
    *_prerendered("/{lang}/safety", "/{lang}/press", "/{lang}/how-we-count"),
    *_prerendered("/{lang}/data", "/{lang}/history.svg", "/{lang}/embed", "/{lang}/embed/{picture}"),
    *_prerendered("/pictures/{name}", "/robots.txt", "/sitemap.xml", "/.well-known/security.txt"),
    *_prerendered("/letters.pub", *[f"/{{lang}}/{page}" for feature in features() for page in feature.pages]),
    _localised("/sign", signing.redirect_to_form),
    _localised("/check-inbox", emailed_links.check_inbox),
    _localised("/check-inbox/manage", emailed_links.check_inbox_to_manage),
    _localised("/thanks", signing.thanks),
    _localised("/share.png", sharing.picture),
    _localised("/poster.pdf", sharing.poster),
    _localised("/letters/{reference}", letter_check.check_letter),
    _localised("/manage", manage.request_link, methods=GET_POST),
    _localised("/manage/{token}", manage.manage, methods=GET_POST),
    _localised("/unsubscribe/{token}", manage.unsubscribe, methods=GET_POST),
    _localised("/never-write/{token}", manage.never_write, methods=GET_POST),
]


def routes(*, demo: bool) -> list[BaseRoute]:
    """/dev/outbox exists in demo mode only. Starlette tries the routes in this order."""
    outbox = [Route("/dev/outbox", dev_outbox.dev_outbox)] if demo else []
    return [*_BUSIEST, *_DESK, *[route for feature in features() for route in feature.routes()], *outbox, *_PAGES]
