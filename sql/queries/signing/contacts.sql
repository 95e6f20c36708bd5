-- name: find_by_unsubscribe_hash
-- The mailbox whose news this link ends.
select mailbox from contacts where unsubscribe_hash = :unsubscribe_hash

-- name: delete_of_mailbox
delete from contacts where mailbox = :mailbox

-- name: delete
delete from contacts where mailbox
in (select value from json_each(:mailboxes)) -- sqlite
= any(array(select json_array_elements_text(cast(:mailboxes as json)))) -- postgresql

-- name: insert
insert into contacts (mailbox, sealed, unsubscribe_hash)
select mailbox, sealed, unsubscribe_hash
from json_to_recordset(cast(:rows as json)) as r (mailbox text, sealed text, unsubscribe_hash text) -- postgresql
from (select -- sqlite
    json_extract(value, '$.mailbox') as mailbox, json_extract(value, '$.sealed') as sealed, -- sqlite
    json_extract(value, '$.unsubscribe_hash') as unsubscribe_hash from json_each(:rows)) -- sqlite
