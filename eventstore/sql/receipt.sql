-- Receipts older than this are as good as gone: log.append says the same.
SELECT comment_id, fingerprint
  FROM log.receipts
 WHERE shard = $1 AND receipt_id = $2 AND recorded_at > now() - interval '2 hours'
