-- OFFSET 0 keeps the planner from any other index than that of numbers.
SELECT ticket_id
  FROM (SELECT * FROM log.tickets WHERE number = $1 AND account_id = $3 OFFSET 0) t
 WHERE shard = $2 AND ($4::uuid IS NULL OR requester_id = $4)
