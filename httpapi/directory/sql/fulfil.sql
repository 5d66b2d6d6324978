-- Notes of which people all keys are destroyed.
UPDATE directory.obligations o
   SET key_destroyed_at = k.destroyed_at
  FROM (SELECT o.obligation_id, max(r.destroyed_at) AS destroyed_at
          FROM directory.obligations o
         CROSS JOIN LATERAL unnest(o.bucket_ids) AS b (id)
          LEFT JOIN log.retired_buckets r ON r.bucket_id = b.id
         WHERE o.key_destroyed_at IS NULL
         GROUP BY o.obligation_id
        HAVING bool_and(r.destroyed_at IS NOT NULL)) k
 WHERE o.obligation_id = k.obligation_id;
