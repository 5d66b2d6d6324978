SELECT h.position, (SELECT e.recorded_at < $3 FROM log.events e WHERE e.shard = $1 AND e.position = $2)
  FROM log.heads h
 WHERE h.shard = $1;
