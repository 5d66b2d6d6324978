-- A page of the deleted comments whose texts are still there, of all accounts, and for
-- how long they have been deleted: since their last event.
SELECT c.account_id, c.ticket_id, c.comment_id, extract(epoch FROM now() - e.recorded_at)::float8, t.legal_hold
  FROM (SELECT account_id, ticket_id, comment_id, revision
          FROM log.comments
         WHERE shard = $1 AND deleted AND content_id IS NOT NULL AND (account_id, comment_id) > ($2, $3)
         ORDER BY account_id, comment_id
         LIMIT $4) c
 CROSS JOIN LATERAL (
       SELECT recorded_at FROM log.events
        WHERE shard = $1 AND account_id = c.account_id AND ticket_id = c.ticket_id AND version = c.revision
       OFFSET 0) e
 CROSS JOIN LATERAL (
       SELECT legal_hold FROM log.tickets
        WHERE shard = $1 AND account_id = c.account_id AND ticket_id = c.ticket_id
       OFFSET 0) t
 ORDER BY c.account_id, c.comment_id
