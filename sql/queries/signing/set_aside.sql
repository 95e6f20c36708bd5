-- Steps in parts, in the order of the keys; each is right also if it is done twice, or by two at once.

-- name: at_work
select id, working, reason from batches where working <> '' order by kept_at, id

-- name: take
update signatures set set_aside = 1 where mailbox
in (select mailbox from signatures where batch = :batch and set_aside = 0 -- sqlite
and mailbox > :after order by mailbox limit :limit) -- sqlite
= any(array(select mailbox from signatures where batch = :batch and set_aside = 0 -- postgresql
and mailbox > :after order by mailbox limit :limit for update)) -- postgresql
returning mailbox, country

-- name: restore
update signatures set set_aside = 0, batch = null where mailbox
in (select mailbox from signatures where batch = :batch and set_aside = 1 -- sqlite
and mailbox > :after order by mailbox limit :limit) -- sqlite
= any(array(select mailbox from signatures where batch = :batch and set_aside = 1 -- postgresql
and mailbox > :after order by mailbox limit :limit for update)) -- postgresql
returning mailbox, country

-- name: free
-- The mark dies.
update signatures set batch = null where mailbox
in (select mailbox from signatures where batch = :batch and set_aside = 0 -- sqlite
and mailbox > :after order by mailbox limit :limit) -- sqlite
= any(array(select mailbox from signatures where batch = :batch and set_aside = 0 -- postgresql
and mailbox > :after order by mailbox limit :limit for update)) -- postgresql
returning mailbox, country

-- name: erase
-- Their names and contacts are deleted in the same transaction. They were not counted any more.
delete from signatures where mailbox
in (select mailbox from signatures where batch = :batch and set_aside = 1 -- sqlite
and mailbox > :after order by mailbox limit :limit) -- sqlite
= any(array(select mailbox from signatures where batch = :batch and set_aside = 1 -- postgresql
and mailbox > :after order by mailbox limit :limit for update)) -- postgresql
returning mailbox, country

-- name: advance
-- No row if somebody has decided otherwise in the meantime.
update batches set taken = taken + :taken, restored = restored + :restored
where id = :batch and working = :working returning id

-- name: end
update batches set working = '', done_on = case when working = 'set' then :today else done_on end
where id = :batch and working = :working and not exists (
    select 1 from signatures where batch = :batch and (set_aside = 0 or :working <> 'set')
)

-- name: expire
-- What nobody has decided within the time, or was cut off while it was chosen.
update batches set state = case state when 'choosing' then 'refused' else 'expired' end, working = 'free'
where working = '' and (state = 'choosing' and kept_at <= :cut_off or state in ('kept', 'proposed') and kept_at <= :undecided)

-- name: begin_erasing
update batches set state = 'erased', working = 'erase' where state = 'aside' and working = '' and done_on < :oldest

-- name: forget
-- A batch that was refused on an earlier day, or found honest four weeks ago.
delete from batches where working = ''
    and (state = 'refused' and kept_at < :today or state in ('honest', 'expired') and kept_at <= :remembered)
