SELECT position, epoch, recorded_at FROM log.heads WHERE shard = $1
