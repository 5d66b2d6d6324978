SELECT 'log.receipts', format('receipt %s', r.receipt_id), 'there is no such comment'
  FROM log.receipts r
 WHERE r.shard = $1
   AND NOT EXISTS (SELECT FROM log.comments c WHERE c.shard = $1 AND c.comment_id = r.comment_id)
UNION ALL
SELECT 'log.receipts', format('receipt %s', r.receipt_id), 'younger than the log'
  FROM log.receipts r
 WHERE r.shard = $1 AND r.recorded_at > (SELECT h.recorded_at FROM log.heads h WHERE h.shard = $1)
