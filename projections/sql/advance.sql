-- Moves checkpoints from where their owner believes them to be, in the owner's name,
-- along the log as the owner knows it, and never past its end. A row that does not
-- match is not moved, and the caller, who counts, rolls everything back.
UPDATE projections.checkpoints c
   SET position = n.position
  FROM log.heads h, unnest($5::smallint[], $6::bigint[], $7::bigint[]) AS n (partition, old, position)
 WHERE h.shard = $2 AND h.epoch = $4 AND n.position <= h.partition_positions[n.partition + 1]
   AND c.projection = $1 AND c.shard = $2 AND c.partition = n.partition
   AND c.position = n.old AND c.owner = $3
