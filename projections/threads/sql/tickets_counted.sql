-- How many tickets there are; none are counted beyond $3.
SELECT count(*)
  FROM (SELECT FROM log.tickets
         WHERE shard = $1 AND {account} = $2 {requester}
         LIMIT $3) t
