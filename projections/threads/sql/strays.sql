-- Rows that nothing in the log accounts for. What has events has been compared.
-- (Of all shards: a row of one that does not exist is seen by nobody.)
SELECT 'threads.tickets', format('account %s ticket %s', t.account_id, t.ticket_id), 'there is no such ticket'
  FROM threads.tickets t
 WHERE NOT EXISTS (SELECT FROM log.tickets l WHERE l.shard = t.shard AND l.account_id = t.account_id AND l.ticket_id = t.ticket_id)
 UNION ALL
SELECT 'threads.comments', format('account %s comment %s', c.account_id, c.comment_id), 'there is no such comment'
  FROM threads.comments c
 WHERE NOT EXISTS (SELECT FROM log.comments l WHERE l.shard = c.shard AND l.account_id = c.account_id AND l.comment_id = c.comment_id)
