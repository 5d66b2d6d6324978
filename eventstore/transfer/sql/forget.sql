-- Files that are gone for good.
DELETE FROM log.files WHERE shard = $1 AND removed_at_position = $2
