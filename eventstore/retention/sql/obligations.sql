SELECT count(*)
  FROM log.obligations
 WHERE shard = $1 AND account_id = $2 AND position <= $3 AND completed_at IS NULL
