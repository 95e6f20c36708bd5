-- name: all
select code, sent_on, channel, edition, acknowledged_on, replied_on, answered_on, stance, forwarded_to, their_reference,
signed_by, link from correspondence order by code

-- name: summaries
select code, language, summary from answer_summaries

-- name: save
insert into correspondence (code, sent_on, channel, edition, acknowledged_on, replied_on, answered_on, stance,
forwarded_to, their_reference, signed_by, link)
values (:code, :sent_on, :channel, :edition, :acknowledged_on, :replied_on, :answered_on, :stance, :forwarded_to,
:their_reference, :signed_by, :link)
on conflict (code) do update set sent_on = excluded.sent_on, channel = excluded.channel, edition = excluded.edition,
acknowledged_on = excluded.acknowledged_on, replied_on = excluded.replied_on, answered_on = excluded.answered_on,
stance = excluded.stance, forwarded_to = excluded.forwarded_to, their_reference = excluded.their_reference,
signed_by = excluded.signed_by, link = excluded.link

-- name: delete_summaries
delete from answer_summaries where code = :code

-- name: insert_summary
insert into answer_summaries (code, language, summary) values (:code, :language, :summary)
