SELECT 'log.obligations', format('position %s', o.position), 'no event has removed texts there'
  FROM log.obligations o
 WHERE o.shard = $1
   AND NOT EXISTS (SELECT FROM log.events e
                    WHERE e.shard = $1 AND e.position = o.position AND e.event_id = o.event_id
                      AND e.type IN ('comment.redacted', 'content.erased'))
