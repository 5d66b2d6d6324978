-- Moves checkpoints from where their owner believes them to be, in the owner's name,
-- along the log as the owner knows it, and never past its end. $6 and $7 hold the old
-- and the new position of each partition that is in $5. A row that does not match is
-- not moved, and the caller, who counts, rolls everything back.
UPDATE projections.checkpoints c
   SET position = ($7::bigint[])[c.partition + 1]
  FROM log.heads h
 WHERE h.shard = $2 AND h.epoch = $4 AND ($7::bigint[])[c.partition + 1] <= h.partition_positions[c.partition + 1]
   AND c.projection = $1 AND c.shard = $2 AND c.partition = ANY ($5::smallint[])
   AND c.position = ($6::bigint[])[c.partition + 1] AND c.owner = $3
