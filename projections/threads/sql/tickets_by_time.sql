-- Tickets of an account in the order of a time, between two places that are not among them.
-- The ids break ties.
SELECT r.ticket_id, r.{time}
  FROM threads.tickets r
 WHERE r.shard = $1 AND r.account_id + 0 = $2
   AND (r.{time}, r.ticket_id) > ($3::timestamptz, $4::uuid) AND (r.{time}, r.ticket_id) < ($5::timestamptz, $6::uuid)
 ORDER BY r.{time} {direction}, r.ticket_id {direction}
 LIMIT $7
