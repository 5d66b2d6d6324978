DELETE FROM log.receipts
 WHERE shard = $1 AND recorded_at < now() - interval '2 hours'
