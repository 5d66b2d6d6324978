UPDATE outlets.outlets SET mark_position = $5, mark_sequence = $6, mark_epoch = $7
 WHERE shard = $1 AND account_id = $2 AND audience = $3 AND outlet_id = $4 AND (mark_position < $5 OR mark_epoch < $7)
