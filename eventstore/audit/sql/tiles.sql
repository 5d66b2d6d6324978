SELECT t.level, t.tile, t.hashes
  FROM unnest($3::smallint[], $4::bigint[]) AS k (level, tile)
  JOIN audit.tiles t ON t.shard = $1 AND t.generation = $2 AND t.level = k.level AND t.tile = k.tile
