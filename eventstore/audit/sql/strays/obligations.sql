SELECT 'log.obligations', format('position %s', o.position), 'no event has removed texts there'
  FROM log.obligations o
 WHERE o.shard = $1
   AND NOT EXISTS (SELECT FROM log.events e
                    WHERE e.shard = $1 AND e.position = o.position AND e.event_id = o.event_id
                      AND e.type IN ('comment.redacted', 'chat.redacted', 'content.erased'))
UNION ALL
-- A key that is destroyed stays so: what an obligation was completed by can be looked up.
SELECT 'log.obligations', format('position %s', o.position), 'is completed, but its keys were not destroyed then'
  FROM log.obligations o,
       LATERAL (SELECT max(b.destroyed_at) AS destroyed_at, count(b.destroyed_at) AS n
                  FROM unnest(o.bucket_ids) AS id LEFT JOIN log.retired_buckets b ON b.bucket_id = id) AS k
 WHERE o.shard = $1 AND o.completed_at IS NOT NULL
   AND (k.n <> cardinality(o.bucket_ids)
        OR k.n > 0 AND o.key_destroyed_at <> k.destroyed_at
        OR o.key_destroyed_at NOT BETWEEN o.recorded_at AND o.completed_at)
