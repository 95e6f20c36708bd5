-- name: all
select key, sent, channel, edition, acknowledged, answered, stance, link from correspondence order by key

-- name: summaries
select key, language, summary from answer_summaries

-- name: set
insert into correspondence (key, sent, channel, edition, acknowledged, answered, stance, link)
values (:key, :sent, :channel, :edition, :acknowledged, :answered, :stance, :link)
on conflict (key) do update set sent = excluded.sent, channel = excluded.channel, edition = excluded.edition,
acknowledged = excluded.acknowledged, answered = excluded.answered, stance = excluded.stance, link = excluded.link

-- name: forget_summaries
delete from answer_summaries where key = :key

-- name: add_summary
insert into answer_summaries (key, language, summary) values (:key, :language, :summary)
