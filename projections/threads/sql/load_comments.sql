SELECT k.account_id, c.ticket_id, k.comment_id, c.position, c.number, c.created_at, c.updated_at, c.revision,
       c.author_type, c.author_id, c.public, c.content_id, c.audit, c.channel, c.flags
  FROM unnest($2::integer[], $3::uuid[]) AS k (account_id, comment_id)
 CROSS JOIN LATERAL (
       SELECT * FROM threads.comments c
        WHERE c.shard = $1 AND c.account_id = k.account_id AND c.comment_id = k.comment_id
       OFFSET 0) c
