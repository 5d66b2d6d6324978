WITH gone AS (
    DELETE FROM projections.members WHERE projection = $1 AND shard = $2 AND member = $3
)
UPDATE projections.checkpoints
   SET owner = NULL, leased_until = now()
 WHERE projection = $1 AND shard = $2 AND owner = $3
