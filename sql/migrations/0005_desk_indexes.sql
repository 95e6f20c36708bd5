-- Only signatures of batches are in it. The first step: if the second was ended in its middle, it can be tried again.
drop index concurrently if exists signatures_batch -- postgresql
drop index if exists signatures_batch -- sqlite

create index concurrently if not exists signatures_batch -- postgresql
create index if not exists signatures_batch -- sqlite
on signatures (batch, mailbox) where batch is not null
