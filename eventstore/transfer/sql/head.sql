SELECT position, partition_positions FROM log.heads WHERE shard = $1
