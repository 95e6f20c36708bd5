-- name: delete
-- Their names and contacts are deleted in the same transaction.
delete from signatures where mailbox
in (select value from json_each(:mailboxes)) -- sqlite
= any(array(select mailbox from signatures where mailbox -- postgresql
= any(array(select json_array_elements_text(cast(:mailboxes as json)))) order by mailbox for update)) -- postgresql
returning mailbox, country, set_aside

-- name: insert
-- In the order of their keys. No row for a mailbox with which another server was faster.
insert into signatures (mailbox, email_hash, country, confirmed_on, named, updates, consent)
select mailbox, email_hash, country, confirmed_on, named, updates, consent
from json_to_recordset(cast(:rows as json)) as r ( -- postgresql
    mailbox text, email_hash text, country text, confirmed_on text, named bigint, updates bigint, consent text -- postgresql
) -- postgresql
from (select -- sqlite
    json_extract(value, '$.mailbox') as mailbox, json_extract(value, '$.email_hash') as email_hash, -- sqlite
    json_extract(value, '$.country') as country, json_extract(value, '$.confirmed_on') as confirmed_on, -- sqlite
    json_extract(value, '$.named') as named, json_extract(value, '$.updates') as updates, -- sqlite
    json_extract(value, '$.consent') as consent from json_each(:rows)) -- sqlite
where true order by mailbox
on conflict (mailbox) do nothing
returning mailbox, country
