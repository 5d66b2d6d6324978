-- Whether the event at a position is older than $3 seconds, and the end of the log.
SELECT h.position, (SELECT e.recorded_at <= now() - make_interval(secs => $3)
                      FROM log.events e
                     WHERE e.shard = $1 AND e.position = $2)
  FROM log.heads h
 WHERE h.shard = $1
