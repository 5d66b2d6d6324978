-- A projection that is new begins at the beginning of the log. What is there is not
-- tried again: that would wait for whoever is moving it, one by one.
INSERT INTO projections.checkpoints (projection, shard, partition)
SELECT $1, $2, p
  FROM generate_series(0, 63) AS p
 WHERE NOT EXISTS (SELECT FROM projections.checkpoints c WHERE c.projection = $1 AND c.shard = $2 AND c.partition = p)
ON CONFLICT ON CONSTRAINT checkpoints_pkey DO NOTHING
