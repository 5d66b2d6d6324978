-- Receipts older than this are as good as gone: log.append says the same.
SELECT r.comment_id, c.ticket_id, r.fingerprint
  FROM log.receipts r
  LEFT JOIN log.comments c ON c.shard = $1 AND c.account_id = $3 AND c.comment_id = r.comment_id
 WHERE r.shard = $1 AND r.receipt_id = $2 AND r.recorded_at > now() - interval '2 hours'
