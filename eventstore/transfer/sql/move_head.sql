-- The head is locked from here to the end of the transaction, as log.append locks it.
UPDATE log.heads
   SET position = $3, recorded_at = $4, epoch = $5, partition_positions = $6
 WHERE shard = $1 AND position = $2
