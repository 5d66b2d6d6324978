-- What either place has drawn from is not reserved.
INSERT INTO log.taken_blocks AS t (account_id, block, reserved)
SELECT $1, b.block, $3
  FROM unnest($2::bigint[]) AS b (block)
ON CONFLICT ON CONSTRAINT taken_blocks_pkey DO UPDATE
   SET reserved = t.reserved AND excluded.reserved
