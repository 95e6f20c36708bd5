-- name: days
-- The days on which organisers set aside or restored signatures.
select distinct day from journal where reason = 'restored' or reason like 'aside %'

-- name: sums
-- How many they set aside, by reason, and how many they restored, from one day to another.
select reason, cast(abs(sum(n)) as bigint) as n from journal
where (reason = 'restored' or reason like 'aside %') and day >= :first and day < :before group by reason order by reason
