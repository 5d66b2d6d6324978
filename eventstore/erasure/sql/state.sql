-- How many obligations are open and how long the oldest has been, in seconds; and how
-- old the oldest thing is that could be recovered: what is owed, or what was done within
-- $2, for a copy of the keyring may be that old.
SELECT (SELECT count(*) FROM log.obligations WHERE shard = $1 AND completed_at IS NULL),
       coalesce(extract(epoch FROM now() - oldest.open), 0)::float8,
       coalesce(extract(epoch FROM now() - least(oldest.open, oldest.done)), 0)::float8
  FROM (SELECT (SELECT recorded_at FROM log.obligations
                 WHERE shard = $1 AND completed_at IS NULL ORDER BY position LIMIT 1) AS open,
               (SELECT recorded_at FROM log.obligations
                 WHERE shard = $1 AND completed_at IS NOT NULL AND key_destroyed_at > now() - $2::interval
                 ORDER BY key_destroyed_at LIMIT 1) AS done) AS oldest
