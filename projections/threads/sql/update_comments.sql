-- What else a comment has never changes.
UPDATE threads.comments c
   SET updated_at = k.updated_at, revision = k.revision, public = k.public, content_id = k.content_id
  FROM unnest($2::integer[], $3::uuid[], $4::timestamptz[], $5::integer[], $6::boolean[], $7::uuid[])
       AS k (account_id, comment_id, updated_at, revision, public, content_id)
 WHERE c.shard = $1 AND c.account_id = k.account_id AND c.comment_id = k.comment_id
