-- name: delete_of_mailbox
delete from names where mailbox = :mailbox

-- name: delete
delete from names where mailbox
in (select value from json_each(:mailboxes)) -- sqlite
= any(array(select json_array_elements_text(cast(:mailboxes as json)))) -- postgresql

-- name: insert
insert into names (mailbox, name, state)
select mailbox, name, state from json_to_recordset(cast(:rows as json)) as r (mailbox text, name text, state text) -- postgresql
select -- sqlite
    json_extract(value, '$.mailbox'), json_extract(value, '$.name'), json_extract(value, '$.state') -- sqlite
from json_each(:rows) -- sqlite

-- name: export
-- Here and below: nobody whose signature is set aside. For the organisers: names to be printed and addresses for news. The order of a keyed hash tells nothing.
select s.country, n.name, c.sealed
from signatures s
left join names n on n.mailbox = s.mailbox
left join contacts c on c.mailbox = s.mailbox
where s.set_aside = 0 and (n.name is not null or c.sealed is not null) and s.confirmed_on <= :last_day
order by s.mailbox

-- name: sealed_for_news
-- A sealed text is random from its beginning on: its order tells nothing, not even that of a mailbox.
select c.sealed from contacts c join signatures s on s.mailbox = c.mailbox
where s.set_aside = 0 and s.confirmed_on <= :last_day order by c.sealed

-- name: count_for_news
select count(*) as n from contacts c join signatures s on s.mailbox = c.mailbox
where s.set_aside = 0 and s.confirmed_on <= :last_day

-- name: named_or_contactable
-- All that is kept about each person with a name to be printed or an address for news.
select s.mailbox, s.country, s.confirmed_on, s.named, s.updates, s.consent, n.name, n.state, c.sealed, c.unsubscribe_hash
from signatures s
left join names n on n.mailbox = s.mailbox
left join contacts c on c.mailbox = s.mailbox
where s.set_aside = 0 and (n.name is not null or c.sealed is not null)

-- name: list_printable
-- Names to be printed for one country: approved by an organiser, of signatures that are old enough.
select n.name from names n join signatures s on s.mailbox = n.mailbox
where s.set_aside = 0 and s.country = :country and n.state = 'approved' and s.confirmed_on <= :last_day order by n.name

-- name: count_printable
-- How many names are to be printed, by country.
select s.country, count(*) as n from names n join signatures s on s.mailbox = n.mailbox
where s.set_aside = 0 and n.state = 'approved' and s.confirmed_on <= :last_day group by s.country

-- name: count_by_country
-- How many names are in a state, by country.
select s.country, count(*) as n from names n join signatures s on s.mailbox = n.mailbox
where s.set_aside = 0 and n.state = :state and s.confirmed_on <= :last_day group by s.country order by s.country

-- name: count_new
-- The index names_new has no other names: those that were looked at are not read.
select count(*) as n from names n join signatures s on s.mailbox = n.mailbox
where s.set_aside = 0 and n.state = 'new' and s.confirmed_on <= :last_day

-- name: list_in_state
-- The order of a keyed hash tells nothing.
select n.mailbox, n.name from names n join signatures s on s.mailbox = n.mailbox
where s.set_aside = 0 and s.country = :country and n.state = :state and s.confirmed_on <= :last_day order by n.mailbox
limit :limit offset :skip

-- name: set_state
-- If two organisers look at the same name, the first decision counts.
update names set state = :new where state = :old and mailbox
in (select value from json_each(:mailboxes)) -- sqlite
= any(array(select mailbox from names where mailbox -- postgresql
= any(array(select json_array_elements_text(cast(:mailboxes as json)))) order by mailbox for update)) -- postgresql
returning mailbox
