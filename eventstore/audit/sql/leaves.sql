SELECT leaves
  FROM audit.heads
 WHERE shard = $1 AND generation = $2 AND size > $3 AND size <= $4
 ORDER BY size
