DELETE FROM projections.versions WHERE projection = $1 AND shard = $2 AND place = $3
