-- The checkpoints of a version that is not read are moved in the name of the run.
UPDATE projections.checkpoints
   SET owner = $3, leased_until = now() + interval '1 day'
 WHERE projection = $1 AND shard = $2
