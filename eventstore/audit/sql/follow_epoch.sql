UPDATE audit.trees SET epoch = $4 WHERE shard = $1 AND generation = $2 AND size = $3
