"""The list of all checks, in the order in which they are shown. Invalid settings were refused before."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from inspect import isawaitable

from petition.commands.doctor import (
    backups,
    campaign_texts,
    database,
    dates,
    disks,
    keys,
    known_keys,
    machine,
    mail_server,
    permissions,
    postfix,
    postgresql,
    public_address,
    reachability,
    sender,
    sender_records,
    services,
    upkeep,
)
from petition.commands.doctor.finding import Finding
from petition.core.settings import Settings
from petition.features import features

Found = Finding | Iterable[Finding]
Check = Callable[[Settings], Found | Awaitable[Found]]


def check_settings(settings: Settings) -> Finding:
    return Finding(f"settings ({settings.mode})")


# Add a check: a function in the module of its subject, and a line here.
CHECKS: list[Check] = [
    check_settings,
    public_address.check_base_url,
    public_address.check_proxies,
    public_address.check_missing_proxies,
    public_address.check_metrics_token,
    reachability.check_public_address,
    campaign_texts.check_campaign,
    campaign_texts.check_demand,
    campaign_texts.check_letterhead,
    campaign_texts.check_texts,
    campaign_texts.check_edits,
    keys.check_recipients,
    keys.check_weak_keys,
    keys.check_same_keys,
    keys.check_letters_key,
    keys.check_outbox_keys,
    keys.check_keys_apart,
    known_keys.check_known_keys,
    known_keys.check_sealed_copy,
    permissions.check_email_key,
    permissions.check_secrets_folder,
    permissions.check_database_files,
    disks.check_room,
    machine.check_swap,
    machine.check_core_dumps,
    machine.check_rsyslog,
    machine.check_nginx,
    upkeep.check_firewall,
    upkeep.check_updates,
    upkeep.check_renewal,
    upkeep.check_old_logs,
    services.check_units,
    services.check_version,
    database.check_database,
    dates.check_dates,
    dates.check_database_clock,
    database.check_machines,
    database.check_database_link,
    postgresql.check_postgresql,
    postgresql.check_standby,
    backups.check_backup,
    mail_server.check_relays,
    mail_server.check_trouble,
    mail_server.check_owner,
    sender.check_sender_domain,
    sender.check_sender_words,
    sender_records.check_sender_records,
    postfix.check_log,
    postfix.check_queue,
]


async def check_installation(settings: Settings) -> AsyncIterator[Finding]:
    """Runs every check; each may find several things."""
    for check in (*CHECKS, *(check for feature in features() for check in feature.checks)):
        found = check(settings)
        if isawaitable(found):
            found = await found
        for finding in [found] if isinstance(found, Finding) else found:
            yield finding
