DELETE FROM threads.comments c
 USING unnest($2::integer[], $3::uuid[]) AS k (account_id, comment_id)
 WHERE c.shard = $1 AND c.account_id = k.account_id AND c.comment_id = k.comment_id
