"""Signals: what was unusual on a day, so that a person looks: is it real?

Once after midnight, never live, the forms of the day before are counted (`pulse`), compared with the campaign's own
history (`detection`), and what stands out becomes a notice (`notices`) with a sentence (`sentences`). The numbers that
people see are in tens with a secret remainder, and a notice is decided with that remainder too: who adds forms of
their own does not learn if one more came.

**Clusters, for who sets forms aside.** A cluster is a number of confirmed forms of one day that belong together:

- `handle`: an opaque text, the same at the desk, in the table `clusters` and in its notice;
- `day`: the day of the forms; `kind`: `domain` (one that nobody knows), `network` (not one that very many share), or
  `throw-away` (all such mailboxes of that day);
- `size`: how many, in tens with a secret remainder; `rules`: which of R1 to R4 it breaks.

`find_cluster(c, handle)` gives it, `list_members(c, cluster)` its rows: id of the form, mailbox, country. Nobody of an
unsafe country or without a country is among them, nor, for a network, who signed at leisure from a known provider. The
marks behind it die when the day after the next begins: from then on there are no members (`is_alive`). Three rules
and more look like a machine (`looks_like_machine`): to keep such clusters without a person, do so after
`Signals.look` has counted, before `prune` deletes the marks. Show `size`; do not count the members at the desk again
and again, since a count that is live tells when one more came.

Offers: Signals (look: count and notice), list_notices, count_open, explain, reopen, counted_days, find_cluster,
list_clusters, list_members, sentences, quality (what is published of it each week). May import: signing and
organisers, and all below. Nothing but `site` and the desk knows this folder; the public pages know `quality`.
"""

from petition.signals.clusters import Cluster, find_cluster, list_clusters, list_members
from petition.signals.notices import EXPLANATIONS, Notice, count_open, explain, list_notices, reopen
from petition.signals.pulse import counted_days
from petition.signals.signals import Signals

__all__ = [
    "EXPLANATIONS",
    "Cluster",
    "Notice",
    "Signals",
    "count_open",
    "counted_days",
    "explain",
    "find_cluster",
    "list_clusters",
    "list_members",
    "list_notices",
    "reopen",
]
