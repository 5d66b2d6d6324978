-- Some of the deleted comments of accounts that keep no deleted text.
SELECT k.account_id, c.ticket_id, c.comment_id
  FROM unnest($2::integer[]) AS k (account_id)
 CROSS JOIN LATERAL (
       SELECT c.ticket_id, c.comment_id
         FROM log.comments c
        CROSS JOIN LATERAL (
              SELECT t.legal_hold FROM log.tickets t
               WHERE t.shard = $1 AND t.account_id = k.account_id AND t.ticket_id = c.ticket_id
              OFFSET 0) t
        WHERE c.shard = $1 AND c.account_id = k.account_id AND c.deleted AND c.content_id IS NOT NULL AND NOT t.legal_hold
        LIMIT $3) c
