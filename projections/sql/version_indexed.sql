UPDATE projections.versions SET indexed = true WHERE run_id = $1 AND place = 'next'
