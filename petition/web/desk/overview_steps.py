"""All sources of "What to do next": add yours with one line. Their order here counts among equally urgent ones."""

from petition.organisers.accounts import Role
from petition.web.desk import letter_steps, site_steps, trust_steps, unusual
from petition.web.desk.next_steps import PersonalSources, SharedSources

# Read once per process and kept for some seconds: each asks the database for little.
SHARED: SharedSources = (
    (Role.ORGANISER, trust_steps.wrong_numbers),
    (Role.ORGANISER, trust_steps.proposed_batches),
    (Role.ORGANISER, trust_steps.warnings),
    (Role.ORGANISER, site_steps.relay_trouble),
    (Role.ORGANISER, site_steps.away_machines),
    (Role.ORGANISER, site_steps.units_that_failed),
    (Role.VIEWER, site_steps.destruction_trouble),
    (Role.VIEWER, site_steps.forgotten_switches),
    (Role.ADMIN, site_steps.old_backup),
    (Role.ORGANISER, letter_steps.new_names),
    (Role.ORGANISER, letter_steps.silent_governments),
    (Role.ORGANISER, letter_steps.answers_without_summary),
    (Role.ORGANISER, letter_steps.unsent_letters),
    (Role.ORGANISER, letter_steps.old_edition),
    (Role.ORGANISER, letter_steps.doubtful_sources),
    (Role.ADMIN, site_steps.missing_factors),
    (Role.ORGANISER, trust_steps.old_audit),
    (Role.ORGANISER, trust_steps.doctor_findings),
    (Role.ORGANISER, site_steps.unknown_reports),
    (Role.ORGANISER, letter_steps.unreviewed_texts),
)
# Asked with every page: one query each.
PERSONAL: PersonalSources = ((Role.VIEWER, site_steps.changed_keys), (Role.VIEWER, site_steps.own_factor))
# Whether it is real: the same kind of functions, for what was noticed.
SIGNALS: SharedSources = ((Role.ORGANISER, unusual.open_notices),)
