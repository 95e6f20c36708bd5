"""The site map, in the order of a visit."""

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from petition.settings import ROOT
from petition.web import letters, managing, operations, organisers, privacy, signing, tally

BOTH = ["GET", "POST"]


def routes(*, demo: bool) -> list[BaseRoute]:
    """Every address of the site; /dev/outbox exists in demo mode only."""
    return [
        Route("/", signing.door),
        Route("/tally.json", tally.tally_json),
        Route("/tally.csv", tally.tally_csv),
        Route("/history.csv", tally.history_csv),
        Route("/healthz", operations.healthz),
        Route("/readyz", operations.readyz),
        Route("/metrics", operations.metrics),
        Mount("/static", StaticFiles(directory=ROOT / "static")),
        Route("/organisers/login", organisers.login, methods=BOTH),
        Route("/organisers/login/{token}", organisers.redeem, methods=BOTH),
        Route("/organisers/", organisers.desk),
        Route("/organisers/logout", organisers.logout, methods=["POST"]),
        Route("/organisers/rules", organisers.rules, methods=["POST"]),
        Route("/organisers/letters", letters.index),
        Route("/organisers/letters.zip", letters.archive),
        Route("/organisers/letters/{key}.pdf", letters.letter),
        Route("/organisers/annexes/{key}.pdf", letters.annex),
        Route("/organisers/signatures.csv", letters.signatures_csv),
        Route("/organisers/answers/{key}", organisers.answers, methods=BOTH),
        *([Route("/dev/outbox", operations.dev_outbox)] if demo else []),
        Route("/{lang}", signing.to_appeal),
        Route("/{lang}/", signing.appeal),
        Route("/{lang}/sign", signing.sign, methods=["POST"]),
        Route("/{lang}/sign", signing.to_form),
        Route("/{lang}/check-inbox", signing.check_inbox),
        Route("/{lang}/help", signing.help_page),
        Route("/{lang}/confirm/{token}", signing.confirm, methods=BOTH),
        Route("/{lang}/thanks", signing.thanks),
        Route("/{lang}/manage", managing.ask, methods=BOTH),
        Route("/{lang}/manage/{token}", managing.manage, methods=BOTH),
        Route("/{lang}/never-write/{token}", managing.never_write, methods=BOTH),
        Route("/{lang}/tally", tally.tally_page),
        Route("/{lang}/governments", tally.governments),
        Route("/{lang}/privacy", privacy.privacy),
    ]
