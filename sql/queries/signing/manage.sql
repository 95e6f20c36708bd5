-- name: get_signature
-- The signature of an exact address, with the name if it is to be printed.
select mailbox, country, confirmed_on, updates, consent, set_aside,
    (select name from names where names.mailbox = signatures.mailbox) as name,
    (select state from names where names.mailbox = signatures.mailbox) as name_state
from signatures where email_hash = :email_hash

-- name: stored_data
-- What else is stored about an address (`waiting_links`) and about its mailbox (all others).
select
    (
        select count(*) from submissions
        where mailbox = :mailbox and email_hash = :email_hash and state in ('waiting', 'held') and expires_at + 0 > :now
    ) as waiting_links,
    (select count(*) from never_write where mailbox = :mailbox and reason = 'never') as never_write,
    (select count(*) from never_write where mailbox = :mailbox and reason = 'withdrawn') as recently_withdrawn

-- name: unname
update signatures set named = 0 where mailbox = :mailbox

-- name: stop_updates
update signatures set updates = 0 where mailbox = :mailbox
