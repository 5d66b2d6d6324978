-- In the transaction that writes the part's rows. It fails if the version is not that
-- of the run any more.
UPDATE projections.versions SET loaded = array_append(loaded, $2::smallint) WHERE run_id = $1 AND place = 'next'
