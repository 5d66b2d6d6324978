-- under_way: the session that holds the lock of version_lock.sql is there.
SELECT place, version, position, begun_at, live_since, seen_at, step, done, total,
       EXISTS (SELECT FROM pg_locks l
                WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
                  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND l.classid::bigint = $3::bigint
                  AND l.objid::bigint = hashtext($1::text || '/' || $2::smallint)::bigint & 4294967295) AS under_way
  FROM projections.versions
 WHERE projection = $1 AND shard = $2
