-- A position up to which every event has taken effect: the least that a partition with
-- anything left to apply has come to or, if there is none, the end of the log.
SELECT coalesce(min(coalesce(c.position, 0)) FILTER (WHERE coalesce(c.position, 0) < h.partition_positions[p + 1]), h.position)
  FROM log.heads h
 CROSS JOIN generate_series(0, 63) AS p
  LEFT JOIN projections.checkpoints c ON c.projection = $1 AND c.shard = $2 AND c.partition = p
 WHERE h.shard = $2
 GROUP BY h.position
