-- Files of comments that have events have been compared.
SELECT 'log.files', format('file %s', f.number), 'attached to a comment that does not exist'
  FROM log.files f
 WHERE f.shard = $1 AND f.comment_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM log.comments c
                    WHERE c.shard = $1 AND c.account_id = f.account_id AND c.comment_id = f.comment_id AND c.ticket_id = f.ticket_id)
