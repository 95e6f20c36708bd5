-- name: all
select key, sent, answered, stance, summary, link from correspondence order by key

-- name: set
insert into correspondence (key, sent, answered, stance, summary, link)
values (:key, :sent, :answered, :stance, :summary, :link)
on conflict (key) do update set sent = excluded.sent, answered = excluded.answered, stance = excluded.stance,
summary = excluded.summary, link = excluded.link
