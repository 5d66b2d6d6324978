-- $2 has the size of each generation's tree.
SELECT 'audit.tiles', format('generation %s level %s tile %s', t.generation, t.level, t.tile), 'the tree has no such tile'
  FROM audit.tiles t
  LEFT JOIN unnest($2::bigint[]) WITH ORDINALITY AS g (size, generation) ON g.generation = t.generation
 WHERE t.shard = $1
   AND NOT coalesce(t.level BETWEEN 0 AND 7 AND t.tile >= 0
                    AND t.tile < CASE t.level WHEN 0 THEN g.size >> 8 ELSE ((g.size >> (8 * t.level)) + 255) >> 8 END, false)
UNION ALL
SELECT 'audit.heads', format('generation %s size %s', h.generation, h.size), 'there is no such generation'
  FROM audit.heads h
 WHERE h.shard = $1 AND h.generation NOT BETWEEN 1 AND cardinality($2::bigint[])
