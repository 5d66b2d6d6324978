-- Holding the checkpoint keeps the projector from the ticket until the replay is
-- committed.
SELECT position
  FROM projections.checkpoints
 WHERE projection = $1 AND shard = $2 AND partition = $3
   FOR UPDATE
