-- The last position that was recorded before a moment, and the moment, which is $2 or, if
-- that is null, the beginning of the second that was $3 seconds ago. The times of the log
-- never run backwards, so it is found by halving.
WITH RECURSIVE moment AS MATERIALIZED (
    SELECT coalesce($2::timestamptz, date_trunc('second', now() - make_interval(secs => $3::integer))) AS at
), halving AS (
    SELECT 0::bigint AS before, h.position + 1 AS after FROM log.heads h WHERE h.shard = $1
    UNION ALL
    SELECT CASE WHEN e.recorded_at < m.at THEN e.position ELSE s.before END,
           CASE WHEN e.recorded_at < m.at THEN s.after ELSE e.position END
      FROM halving s
     CROSS JOIN moment m
     CROSS JOIN LATERAL (
           SELECT e.position, e.recorded_at FROM log.events e
            WHERE e.shard = $1 AND e.position = (s.before + s.after) / 2
           OFFSET 0) e
     WHERE s.after - s.before > 1
)
SELECT s.before, m.at FROM halving s CROSS JOIN moment m WHERE s.after - s.before = 1
