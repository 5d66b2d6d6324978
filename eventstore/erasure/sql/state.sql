-- How many obligations are open, whether any key is retired and not destroyed, and for how
-- many seconds the oldest of both has been waiting; and how old the oldest thing is that
-- could be recovered: what is waiting, or what was done within $2, for a copy of the
-- keyring may be that old.
SELECT (SELECT count(*) FROM log.obligations WHERE shard = $1 AND completed_at IS NULL),
       oldest.retired IS NOT NULL,
       coalesce(extract(epoch FROM now() - least(oldest.open, oldest.retired)), 0)::float8,
       coalesce(extract(epoch FROM now() - least(oldest.open, oldest.retired, oldest.done, oldest.destroyed)), 0)::float8
  FROM (SELECT (SELECT recorded_at FROM log.obligations
                 WHERE shard = $1 AND completed_at IS NULL ORDER BY position LIMIT 1) AS open,
               (SELECT retired_at FROM log.retired_buckets
                 WHERE destroyed_at IS NULL ORDER BY retired_at LIMIT 1) AS retired,
               (SELECT recorded_at FROM log.obligations
                 WHERE shard = $1 AND completed_at IS NOT NULL AND key_destroyed_at > now() - $2::interval
                 ORDER BY key_destroyed_at LIMIT 1) AS done,
               (SELECT retired_at FROM log.retired_buckets
                 WHERE destroyed_at > now() - $2::interval ORDER BY destroyed_at LIMIT 1) AS destroyed) AS oldest
