-- Where the tree and the log stand, in one snapshot, and the last head; the head's
-- columns are null as long as there is none.
SELECT t.size, t.generation, t.epoch, l.position, l.epoch,
       h.size, h.previous, h.kept, h.signed_at, h.epoch, h.root, h.signature
  FROM audit.trees t
  JOIN log.heads l ON l.shard = t.shard
  LEFT JOIN audit.heads h ON h.shard = t.shard AND h.generation = t.generation AND h.size = t.size
 WHERE t.shard = $1
