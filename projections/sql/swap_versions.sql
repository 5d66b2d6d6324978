-- The version that is read is kept, and the run's takes its place.
UPDATE projections.versions
   SET place = CASE place WHEN 'live' THEN 'old' ELSE 'live' END,
       live_since = CASE place WHEN 'live' THEN live_since ELSE now() END,
       step = '', done = 0, total = 0
 WHERE projection = $1 AND shard = $2 AND (place = 'live' OR run_id = $3)
