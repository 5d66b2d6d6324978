-- The last head of each generation.
SELECT g.generation, h.size
  FROM generate_series(1, $2) AS g (generation)
 CROSS JOIN LATERAL (
       SELECT size FROM audit.heads WHERE shard = $1 AND generation = g.generation ORDER BY size DESC LIMIT 1) h
 ORDER BY g.generation
