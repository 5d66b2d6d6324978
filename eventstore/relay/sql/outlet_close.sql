UPDATE outlets.outlets SET closed_at = now()
 WHERE shard = $1 AND account_id = $2 AND ($3 = '' OR audience = $3) AND closed_at IS NULL
