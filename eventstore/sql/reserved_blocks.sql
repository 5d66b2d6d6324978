SELECT block
  FROM log.taken_blocks
 WHERE account_id = $1 AND block = ANY ($2::bigint[]) AND reserved
 ORDER BY block
