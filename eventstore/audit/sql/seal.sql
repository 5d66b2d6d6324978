-- The tree moves on only if it is where the caller believes it to be. Two that extend
-- it at once are one after the other at the row of audit.trees, and the second is told
-- so by getting no row: whatever else holds locks or does not, there is one tree.
WITH moved AS (
    UPDATE audit.trees
       SET size = $5, generation = $4, epoch = $6
     WHERE shard = $1 AND generation = $2 AND size = $3
    RETURNING shard
), tiled AS (
    INSERT INTO audit.tiles (tile, generation, shard, level, hashes)
    SELECT t.tile, $4, m.shard, t.level, t.hashes
      FROM moved m, unnest($13::smallint[], $14::bigint[], $15::bytea[]) AS t (level, tile, hashes)
    ON CONFLICT ON CONSTRAINT tiles_pkey DO UPDATE SET hashes = excluded.hashes
)
INSERT INTO audit.heads (size, previous, kept, signed_at, generation, epoch, shard, root, signature, leaves)
SELECT $5, $7, $8, $9, $4, $6, m.shard, $10, $11, $12
  FROM moved m
RETURNING size
