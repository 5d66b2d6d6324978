-- The places of the comments of a page, but for those in $9. It is read as page.sql is;
-- that $4 is equal to itself gives it a type where nobody has to be the requester.
SELECT position
  FROM threads.comments
 WHERE shard = $1 AND account_id = $2 AND ticket_id = $3 AND {between}
   AND ($7 = 0::smallint OR author_type = $7 OR $7 < 0::smallint AND author_type <> -$7) AND position <> ALL ($9::bigint[])
   AND $4::uuid IS NOT DISTINCT FROM $4
 ORDER BY {order}
 LIMIT $8
