SELECT public AND NOT deleted
  FROM log.comments
 WHERE shard = $1 AND account_id = $2 AND comment_id = $3;
