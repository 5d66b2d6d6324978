DELETE FROM outlets.leases WHERE shard = $1 AND holder = $2
