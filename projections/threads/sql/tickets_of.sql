-- What is said of tickets beside their audits.
SELECT t.ticket_id, t.number, t.requester_id
  FROM unnest($3::uuid[]) AS k (ticket_id)
 CROSS JOIN LATERAL (
       SELECT * FROM log.tickets t
        WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = k.ticket_id
       OFFSET 0) t
