-- name: submissions
-- What waits for the mail with this reference.
select id from submissions where reference = :reference

-- name: stop
-- A mail that came back and is about to be tried once more. What is held stays with its submission.
delete from outbox where id = :id and urgency + 0 < :held
