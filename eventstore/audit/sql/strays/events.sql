-- Both are read as if the column were null.
SELECT 'log.events', format('position %s', e.position), 'comment_id is zero'
  FROM log.events e
 WHERE e.shard = $1 AND e.comment_id = '00000000-0000-0000-0000-000000000000'
UNION ALL
SELECT 'log.events', format('position %s', min(e.position)), format('%s other events have the same event_id %s', count(*) - 1, e.event_id)
  FROM log.events e
 WHERE e.shard = $1
 GROUP BY e.event_id
HAVING count(*) > 1
