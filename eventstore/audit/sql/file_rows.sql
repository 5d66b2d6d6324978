-- The files of some comments.
SELECT f.number, f.account_id, f.ticket_id, f.comment_id, f.removed_at_position, f.blob_id IS NOT NULL
  FROM unnest($2::integer[], $3::uuid[]) AS k (account_id, comment_id)
 CROSS JOIN LATERAL (
       SELECT * FROM log.files f
        WHERE f.shard = $1 AND f.account_id = k.account_id AND f.comment_id = k.comment_id
       OFFSET 0) f
