"""Connects the parts of one running Petition: for the web server, the deliverer and all commands."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import cached_property, partial

from petition.campaign.appeal import Appeal, show_value
from petition.campaign.campaign import CampaignState, Placeholder
from petition.campaign.edits import LiveAppeal
from petition.core import clock, counted, key_fingerprints, languages, safe_logging, time_zones, tokens
from petition.core.counters import Counters
from petition.core.database import database as db
from petition.core.database import migrations, state
from petition.core.database.connection import Connection
from petition.core.email_addresses import EmailProviders
from petition.core.encryption import LinkKeys, ServerKeys
from petition.core.errors import DatabaseError, SettingsError
from petition.core.languages import Languages
from petition.core.outbox_keys import OutboxKeys
from petition.core.settings import Settings
from petition.letters.addressees import reader
from petition.letters.editions import drafts, index_signature
from petition.mail import alerts, compose, messages, smtp
from petition.mail.backoff import ProviderBackoff
from petition.mail.breaker import Breaker
from petition.mail.delivery import Deliverer
from petition.mail.delivery_pool import DeliveryPool
from petition.mail.delivery_rules import DeliveryRules
from petition.mail.machines import Machine
from petition.mail.outbox import ClaimedEmail
from petition.mail.relay_watch import RelayWatch
from petition.mail.relays import Relay, Relays
from petition.organisers.passkeys import Passkeys
from petition.organisers.second_factor import FactorCipher
from petition.protection import flood
from petition.protection.networks import Networks
from petition.protection.rate_limits import RateLimiter
from petition.retention import destruction_day, prune
from petition.signals import Signals, keeping, quality
from petition.signing import set_aside, undelivered
from petition.signing.intake import Intake
from petition.tally import populations, releases
from petition.tally.last_published import LastPublished


@dataclass(frozen=True)
class Site:
    """The parts of one site. Nothing here is a global variable."""

    settings: Settings
    live_appeal: LiveAppeal
    database: db.Database
    server_keys: ServerKeys
    signer: tokens.Signer
    email_providers: EmailProviders

    @property
    def appeal(self) -> Appeal:
        """The campaign as this process saw it last, a few seconds ago at most; read_appeal() looks now."""
        return self.live_appeal.now

    async def read_appeal(self, c: Connection) -> Appeal:
        return await self.live_appeal.read(c)

    @cached_property
    def languages(self) -> Languages:
        """The languages that have both a text of the appeal and a catalogue for the pages."""
        common = {
            "demo": self.settings.demo,
            "sends_real_email": bool(self.settings.smtp_urls),
            "base_url": self.settings.base_url,
            "onion_url": self.settings.onion_url,
            "show_value": show_value,
            "city_of": time_zones.city,
            "is_placeholder": lambda value: isinstance(value, Placeholder),
        }
        return Languages(languages.offered_languages(self.appeal.languages()), common)

    @cached_property
    def address_book(self) -> reader.AddressBook:
        return reader.load_address_book(self.appeal.data_file("governments.toml"))

    @cached_property
    def populations(self) -> populations.Populations:
        return populations.load_populations(self.appeal.data_file("populations.toml"))

    @cached_property
    def index_signer(self) -> index_signature.IndexSigner | None:
        """Signs the list of an edition; None without PETITION_LETTERS_KEY."""
        return index_signature.index_signer(self.settings)

    @cached_property
    def factor_cipher(self) -> FactorCipher:
        return FactorCipher(self.settings.desk_keys)

    @cached_property
    def passkeys(self) -> Passkeys:
        return Passkeys(self.settings.base_url)

    @cached_property
    def counters(self) -> Counters:
        return Counters(self.settings.var / "counts", counted.COUNTERS)

    @cached_property
    def rate_limiter(self) -> RateLimiter:
        return RateLimiter(self.database, self.server_keys, Networks(self.appeal.data_file("networks.toml")))

    @cached_property
    def intake(self) -> Intake:
        parts = (self.database, self.server_keys, self.email_providers, self.rate_limiter)
        return Intake(*parts, self.settings.base_url, self.settings.probe_email)

    @cached_property
    def relay_breakers(self) -> list[Breaker]:
        """One for each relay, shared by all deliverers of this process."""
        return [Breaker() for _ in self.settings.smtp_urls]

    def make_transport(self) -> smtp.Transport:
        """The relays; in demo mode also a folder, which /dev/outbox shows."""
        transports = map(smtp.SmtpTransport, self.settings.smtp_urls)
        relays = [Relay(*pair) for pair in zip(transports, self.relay_breakers, strict=True)]
        if self.settings.demo or not relays:
            return smtp.FolderTransport(self.settings.var / "mail", Relays(relays) if relays else None)
        return Relays(relays)

    @cached_property
    def delivery_rules(self) -> DeliveryRules:
        """Shared by all deliverers of this process."""
        give_back = partial(undelivered.give_back_quota, server_keys=self.server_keys)
        return DeliveryRules(self.intake.may_send, flood.count_refusal, give_back, self.counters.add)

    def make_deliverer(
        self, backoff: ProviderBackoff | None = None, on_full_batch: Callable[[], None] = lambda: None
    ) -> Deliverer:
        """A loop over the outbox, with its own connection to each relay."""
        parts = (self.database, self.server_keys, self.render_email, self.make_transport())
        return Deliverer(*parts, backoff, on_full_batch, self.delivery_rules)

    def make_delivery_pool(self) -> DeliveryPool:
        backoff = ProviderBackoff()
        watch = RelayWatch(self.database, self.relay_breakers, backoff, self.send_alert)
        return DeliveryPool(partial(self.make_deliverer, backoff), watch.report)

    async def send_alert(self, text: str) -> None:
        """To the operator, if the settings name one."""
        if self.settings.alerts_to:
            await alerts.send_alert(self.make_transport(), self.settings.mail_from, self.settings.alerts_to, text)

    def read_link(self, purpose: tokens.Purpose, token: str) -> LinkKeys:
        """Raises LinkError."""
        return self.server_keys.link_keys(*self.signer.read_dated(purpose, token))

    def render_email(self, email: ClaimedEmail) -> compose.RenderedEmail:
        """In the reader's language; in the default language if the site no longer offers that one."""
        offered = email.language in self.languages
        language = self.languages[email.language] if offered else self.languages.default
        links = messages.email_links(self.signer, self.settings.base_url, language.code, email.template, email.secret)
        reference = tokens.message_reference(email.secret)
        return compose.render_email(language, email.template, email.to, self.settings.mail_from, reference, links)

    async def current_draft(self, c: Connection | None = None) -> drafts.Draft:
        """All letters as they would be now. With `c`, they are read in the caller's transaction."""
        if c is not None:
            offered = [language.code for language in self.languages]
            return await drafts.create_draft(
                c, await self.read_appeal(c), self.address_book, self.settings.base_url, offered
            )
        async with self.database.reading() as connection:
            return await self.current_draft(connection)

    def campaign_state(self) -> CampaignState:
        return self.appeal.campaign_state(clock.now())

    @cached_property
    def last_published(self) -> LastPublished:
        return LastPublished(None if self.settings.demo else self.settings.var)

    async def take_snapshot(self) -> None:
        """Releases the figures whose time has come; none while the database lacks what was published."""
        async with self.database.reading() as c:
            if await self.last_published.is_ahead(c):
                return
        await releases.release_due(self.database)

    async def set_aside(self) -> None:
        """Does to signatures what organisers have decided."""
        await set_aside.work(self.database)

    @cached_property
    def destruction_watch(self) -> destruction_day.DestructionWatch:
        return destruction_day.DestructionWatch(self.database, lambda: self.appeal.campaign)

    @cached_property
    def signals(self) -> Signals:
        return Signals(self.database, self.send_alert, self.settings.base_url)

    async def prune(self) -> None:
        async with self.database.reading() as c:
            await self.read_appeal(c)
        await self.destruction_watch.look()
        try:
            await self.take_snapshot()  # a day is compared with what was published at its end
            await self.signals.look()  # before the marks of its forms are deleted
            await keeping.keep_machines(self.database, self.server_keys)
            await quality.freeze_week(self.database)
        finally:
            await prune.prune(self.database, self.server_keys, self.appeal, self.settings.email_key_file)

    @cached_property
    def machine(self) -> Machine:
        """This machine among those that share the outbox."""
        give_back = partial(undelivered.give_back_quota, server_keys=self.server_keys)
        return Machine(self.database, self.server_keys, give_back)

    async def check_ready(self) -> None:
        """Raises DatabaseError unless the database is reachable, migrated and of the same mode."""
        async with self.database.reading() as c:
            await migrations.check_schema(c, self.settings.mode)

    async def check_writable(self) -> None:
        """Raises DatabaseError unless a write reaches the disk right now, and the last act did. It leaves no row."""
        failure = self.database.take_failure()
        await self.database.check_room()
        await self.database.write(state.write_and_delete)
        if failure:
            raise DatabaseError(failure)


@asynccontextmanager
async def open_site(settings: Settings, *, migrate: bool = False) -> AsyncIterator[Site]:
    """A site with its database open. Raises a PetitionError if it cannot start."""
    safe_logging.watch_tasks(asyncio.get_running_loop())
    appeal = Appeal(settings.campaign)
    if not settings.demo and (fault := appeal.campaign.why_not_ready()):
        raise SettingsError(f"{fault}.")
    server_keys = ServerKeys(settings.email_key, settings.recipients, OutboxKeys(settings.outbox_keys))
    async with db.open_database(settings.database_url, create=migrate, standby_url=settings.standby_url) as database:
        if migrate:
            await migrations.migrate(database, settings.mode)
        parts = (server_keys, tokens.Signer(settings.secret_keys), EmailProviders(appeal.data_file("mailboxes.toml")))
        site = Site(settings, LiveAppeal(appeal), database, *parts)
        await site.check_ready()
        async with database.reading() as c:
            await site.read_appeal(c)
        database.on_begin = state.hold_in_place
        await key_fingerprints.check_keys(database, settings)
        with closing(site.counters):
            yield site
