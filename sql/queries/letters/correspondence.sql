-- name: all
select code, sent_on, channel, edition, acknowledged_on, answered_on, stance, link from correspondence order by code

-- name: summaries
select code, language, summary from answer_summaries

-- name: save
insert into correspondence (code, sent_on, channel, edition, acknowledged_on, answered_on, stance, link)
values (:code, :sent_on, :channel, :edition, :acknowledged_on, :answered_on, :stance, :link)
on conflict (code) do update set sent_on = excluded.sent_on, channel = excluded.channel, edition = excluded.edition,
acknowledged_on = excluded.acknowledged_on, answered_on = excluded.answered_on, stance = excluded.stance, link = excluded.link

-- name: delete_summaries
delete from answer_summaries where code = :code

-- name: insert_summary
insert into answer_summaries (code, language, summary) values (:code, :language, :summary)
