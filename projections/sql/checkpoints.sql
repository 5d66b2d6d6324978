SELECT partition, position, epoch
  FROM projections.checkpoints
 WHERE projection = $1 AND shard = $2
 ORDER BY partition
