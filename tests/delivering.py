"""What the tests of delivery share: a deliverer as production has it, somebody who signs, how much waits."""

from functools import partial

from petition import mail, outbox, signatures
from petition.addresses import Address
from petition.delivery import Deliverer
from petition.signatures import Signing
from petition.site import Site
from tests.relay import Answer


def deliverer_to(site: Site, url: str) -> Deliverer:
    """Delivers to a relay alone, without the folder of the demo."""
    return Deliverer(site.settings, site.database, site.vault, site.signer, site.languages, mail.Smtp(url))


async def sign(site: Site, name: str = "anna", language: str = "en") -> None:
    """NAME@example.org is typed into the form."""
    address = Address(f"{name}@example.org", f"{name}@example.org")
    signing = Signing(address, "PL", None, False, "test", language)
    await site.database.write(partial(signatures.sign, vault=site.vault, signing=signing))


async def waiting(site: Site) -> int:
    """How many mails wait."""
    async with site.database.reading() as c:
        return (await outbox.waiting(c))[0]


def saying(answer: str) -> Answer:
    """A relay that always answers so."""
    return lambda _: answer
