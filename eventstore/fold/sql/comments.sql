SELECT c.account_id, c.comment_id, c.ticket_id, c.number, c.revision, c.author_type, c.author_id, c.public, c.deleted, c.content_id
  FROM unnest($2::integer[], $3::uuid[]) AS k (account_id, comment_id)
  JOIN log.comments c ON c.shard = $1 AND c.account_id = k.account_id AND c.comment_id = k.comment_id
