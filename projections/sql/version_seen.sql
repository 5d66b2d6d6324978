UPDATE projections.versions SET seen_at = now(), step = $2, done = $3, total = $4 WHERE run_id = $1
