-- As tickets_by_time.sql, but of one requester, all of whose tickets are looked at.
SELECT t.ticket_id, r.at
  FROM log.tickets t
 CROSS JOIN LATERAL (
       SELECT r.{time} AS at FROM threads.tickets r
        WHERE r.shard = $1 AND r.account_id = $2 AND r.ticket_id = t.ticket_id
       OFFSET 0) r
 WHERE t.shard = $1 AND t.account_id = $2 AND t.requester_id = $8 AND ($9::text[] IS NULL OR t.status = ANY ($9))
   AND (r.at, t.ticket_id) > ($3::timestamptz, $4::uuid) AND (r.at, t.ticket_id) < ($5::timestamptz, $6::uuid)
 ORDER BY r.at {direction}, t.ticket_id {direction}
 LIMIT $7
