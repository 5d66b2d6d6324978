-- Whether all events up to a position have been applied: each partition has come to
-- its last event, or past the position.
SELECT h.position >= $3 AND NOT EXISTS (
       SELECT FROM generate_series(0, 63) AS p
         LEFT JOIN projections.checkpoints c ON c.projection = $1 AND c.shard = $2 AND c.partition = p
        WHERE coalesce(c.position, 0) < least($3, h.partition_positions[p + 1]))
  FROM log.heads h
 WHERE h.shard = $2
