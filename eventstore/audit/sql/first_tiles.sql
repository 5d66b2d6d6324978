SELECT tile, hashes
  FROM audit.tiles
 WHERE shard = $1 AND generation = $2 AND level = 0 AND tile >= $3
 ORDER BY tile
 LIMIT 16
