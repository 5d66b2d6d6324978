-- Open obligations up to a position all of whose keys are destroyed and none of whose
-- files is left, and since when the keys are.
SELECT o.account_id, o.ticket_id, o.event_id, coalesce(k.destroyed_at, now())
  FROM log.obligations o,
       LATERAL (SELECT max(r.destroyed_at) AS destroyed_at, count(r.destroyed_at) = cardinality(o.bucket_ids) AS all_are
                  FROM unnest(o.bucket_ids) AS id LEFT JOIN log.retired_buckets r ON r.bucket_id = id) AS k
 WHERE o.shard = $1 AND o.completed_at IS NULL AND o.position <= $2 AND k.all_are
   AND NOT EXISTS (SELECT FROM log.files f WHERE f.shard = $1 AND f.removed_at_position = o.position)
 ORDER BY o.position
