-- What is known of the tables of a version besides its row.
WITH members AS (
    DELETE FROM projections.members WHERE projection = $1 AND shard = $2
), quarantine AS (
    DELETE FROM projections.quarantine WHERE projection = $1 AND shard = $2
)
DELETE FROM projections.checkpoints WHERE projection = $1 AND shard = $2
