-- What became of the keys to what an event has removed from a comment.
SELECT o.position, o.recorded_at, o.key_destroyed_at
  FROM log.obligations o
  JOIN log.events e ON e.shard = o.shard AND e.position = o.position
 WHERE o.event_id = $1 AND o.account_id = $2 AND o.ticket_id = $3 AND e.comment_id = $4
