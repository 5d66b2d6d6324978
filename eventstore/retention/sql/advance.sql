-- A cursor never moves back, whoever else moves it.
INSERT INTO retention.cursors AS c (position, account_id, shard)
SELECT $3, k.account_id, $1
  FROM unnest($2::integer[]) AS k (account_id)
ON CONFLICT ON CONSTRAINT cursors_pkey DO UPDATE
   SET position = excluded.position
 WHERE c.position < excluded.position
