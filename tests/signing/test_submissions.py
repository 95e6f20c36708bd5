"""Submissions of one moment: one that the database refuses fails alone, and the others are stored at once."""

import asyncio
from dataclasses import replace

from hypothesis import strategies as st

from petition.core.errors import DatabaseError
from petition.protection.rate_limits import NORMAL
from petition.signing import submissions
from petition.signing.submissions import PreparedSubmission, SigningRequest
from petition.site import Site
from tests.web.tools import for_all

CROWD = 12
# What neither database takes, in the row of a submission, of its proof or of its email.
POISONS: list[tuple[str, str, object]] = [
    ("row", "country", None),
    ("row", "expires_at", None),
    ("proof", "expires_at", None),
    ("mail", "due_at", None),
]


def _submission(site: Site, n: int) -> PreparedSubmission:
    address = site.email_providers.parse(f"anna{n}@example.org")
    assert address is not None
    admission = replace(NORMAL, proof={"id": f"proof {n}", "expires_at": 1})
    request = SigningRequest(address, "PL", None, False, "2026-11-22", "en")
    return submissions.prepare_submission(site.server_keys, request, admission, site.settings.base_url)


def _poisoned(form: PreparedSubmission, part: str, column: str, value: object) -> PreparedSubmission:
    assert column in getattr(form, part)
    return replace(form, **{part: getattr(form, part) | {column: value}})


async def _stored(site: Site, table: str) -> set[str]:
    async with site.database.reading() as c:
        return {row["id"] for row in await c.execute(f"select id from {table}")}


async def test_a_poisoned_form_fails_alone_and_every_other_proof_is_spent(site: Site) -> None:
    async def check(poisons: dict[int, tuple[str, str, object]]) -> None:
        await site.database.write(lambda c: c.delete_all(["used_proofs", "submissions", "outbox"]))
        forms = [_submission(site, n) for n in range(CROWD)]
        sent = [_poisoned(form, *poisons[n]) if n in poisons else form for n, form in enumerate(forms)]
        answers = await asyncio.gather(
            *[site.database.join(submissions.sign, form) for form in sent], return_exceptions=True
        )
        assert {n for n, answer in enumerate(answers) if isinstance(answer, DatabaseError)} == poisons.keys()
        honest = set(range(CROWD)) - poisons.keys()
        assert await _stored(site, "submissions") == {forms[n].row["id"] for n in honest}
        assert await _stored(site, "used_proofs") == {f"proof {n}" for n in honest}

    await for_all(st.dictionaries(st.integers(0, CROWD - 1), st.sampled_from(POISONS), max_size=4), check)
