SELECT size, previous, kept, signed_at, epoch, root, signature, leaves
  FROM audit.heads
 WHERE shard = $1 AND generation = $2 AND size > $3
 ORDER BY size
 LIMIT 1000
