-- Which tickets have the numbers, as ticket_by_number.sql finds one.
SELECT t.number, t.ticket_id
  FROM unnest($1::bigint[]) AS k (number)
 CROSS JOIN LATERAL (SELECT * FROM log.tickets t WHERE t.number = k.number AND t.account_id = $3 OFFSET 0) t
 WHERE t.shard = $2 AND ($4::uuid IS NULL OR t.requester_id = $4)
