-- A thousand blocks to a row.
SELECT account_id, reserved, array_agg(block ORDER BY block)
  FROM (SELECT *, (row_number() OVER (PARTITION BY account_id, reserved ORDER BY block) - 1) / 1000 AS part
          FROM log.taken_blocks) b
 GROUP BY account_id, reserved, part
 ORDER BY account_id, reserved, part
