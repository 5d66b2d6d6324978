-- A projection that is new begins at the beginning of the log.
INSERT INTO projections.checkpoints (projection, shard, partition)
SELECT $1, $2, p FROM generate_series(0, 63) AS p
ON CONFLICT ON CONSTRAINT checkpoints_pkey DO NOTHING
