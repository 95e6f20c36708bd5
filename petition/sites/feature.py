"""What several campaigns add: `--site`, and commands that run for all of them."""

from petition.features import Feature
from petition.sites import commands, options

FEATURE = Feature(name="sites", register_commands=options.add_site_option, run=commands.run)
