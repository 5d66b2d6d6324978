-- A log that has lost its end grows again: its positions will be those of other events.
UPDATE outlets.outlets SET mark_position = start_position, mark_sequence = 0, mark_epoch = $6
 WHERE shard = $1 AND account_id = $2 AND audience = $3 AND outlet_id = $4 AND (mark_position > $5 OR mark_epoch <> $6)
