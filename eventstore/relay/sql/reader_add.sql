INSERT INTO outlets.readers (shard, account_id, audience, name)
SELECT shard, account_id, audience, $4
  FROM outlets.outlets
 WHERE shard = $1 AND account_id = $2 AND audience = $3 AND closed_at IS NULL
    ON CONFLICT DO NOTHING
