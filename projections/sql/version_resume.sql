-- Takes over what an interrupted rebuild has left, if it is of any use: the log goes on
-- from there, and this program would have built the same. Whatever the other one has
-- under way will find that it is not its own any more.
UPDATE projections.versions v
   SET run_id = $3, seen_at = now()
  FROM log.heads h
 WHERE h.shard = $2 AND v.projection = $1 AND v.shard = $2 AND v.place = 'next'
   AND v.epoch = h.epoch AND v.position <= h.position AND v.build = $4 AND to_regnamespace($1 || '_next') IS NOT NULL
RETURNING v.version, v.position, v.epoch, v.parts, v.loaded, v.indexed
