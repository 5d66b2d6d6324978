-- Of the blocks that the account has not taken yet.
INSERT INTO log.taken_blocks (account_id, block, reserved)
SELECT $1, b.block, true
  FROM unnest($2::bigint[]) WITH ORDINALITY AS b (block, i)
 ORDER BY b.i
ON CONFLICT ON CONSTRAINT taken_blocks_pkey DO NOTHING
