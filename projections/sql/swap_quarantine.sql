UPDATE projections.quarantine SET projection = $3 WHERE projection = $1 AND shard = $2
