-- What some comments are today, each of the ticket beside it, and what they say if they
-- are not deleted.
SELECT l.comment_id, l.number, l.revision, l.public, l.deleted, l.content_id, x.bucket_id, x.sealed
  FROM unnest($3::uuid[], $4::uuid[]) AS k (ticket_id, comment_id)
 CROSS JOIN LATERAL (
       SELECT * FROM log.comments l
        WHERE l.shard = $1 AND l.account_id = $2 AND l.comment_id = k.comment_id AND l.ticket_id = k.ticket_id
       OFFSET 0) l
  LEFT JOIN LATERAL (
       SELECT * FROM log.contents x
        WHERE x.shard = $1 AND x.content_id = l.content_id AND NOT l.deleted
       OFFSET 0) x ON true
