UPDATE audit.trees SET epoch = $2 WHERE shard = $1 AND epoch < $2
