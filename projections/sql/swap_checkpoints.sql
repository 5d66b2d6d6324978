-- $1 is read, $3 will be, and $4 is what is kept. Leases stay: whoever holds one finds
-- that the position is another, if it is, and goes on from there.
WITH live AS (
    SELECT shard, partition, position, epoch FROM projections.checkpoints WHERE projection = $1 AND shard = $2
), moved AS (
    UPDATE projections.checkpoints c
       SET position = n.position, epoch = n.epoch,
           read_to = CASE WHEN c.position = n.position AND c.epoch = n.epoch THEN c.read_to ELSE n.position END
      FROM projections.checkpoints n
     WHERE c.projection = $1 AND c.shard = $2 AND n.projection = $3 AND n.shard = $2 AND n.partition = c.partition
)
INSERT INTO projections.checkpoints (projection, shard, partition, position, read_to, epoch)
SELECT $4, shard, partition, position, position, epoch FROM live
ON CONFLICT ON CONSTRAINT checkpoints_pkey DO UPDATE
   SET position = excluded.position, read_to = excluded.position, epoch = excluded.epoch, owner = NULL, leased_until = now()
