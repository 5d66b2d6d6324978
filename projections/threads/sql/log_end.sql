SELECT position, epoch FROM log.heads WHERE shard = $1
