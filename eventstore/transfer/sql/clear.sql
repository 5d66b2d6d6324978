UPDATE log.files
   SET removed_at_position = $4
 WHERE shard = $1 AND account_id = $2 AND comment_id = $3 AND removed_at_position IS NULL AND number <> ALL ($5::bigint[])
