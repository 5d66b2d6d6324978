-- Comments that have events have been compared, their revision included.
SELECT 'log.comments', format('account %s comment %s', c.account_id, c.comment_id), 'the event that revision names is not about this comment'
  FROM log.comments c
 WHERE c.shard = $1
   AND NOT EXISTS (SELECT FROM log.events e
                    WHERE e.shard = $1 AND e.account_id = c.account_id AND e.ticket_id = c.ticket_id AND e.version = c.revision
                      AND e.comment_id = c.comment_id)
