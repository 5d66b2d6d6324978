-- The version that is kept gets a run that will bring it up to date.
UPDATE projections.versions
   SET run_id = $3, seen_at = now()
 WHERE projection = $1 AND shard = $2 AND place = 'old'
RETURNING version, position, epoch
