UPDATE log.heads SET epoch = epoch + 1 WHERE shard = $1 RETURNING position, epoch, recorded_at
