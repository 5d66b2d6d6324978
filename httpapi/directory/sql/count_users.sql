-- How many users have one of the roles; none are counted beyond $3.
SELECT count(*)
  FROM unnest($2::text[]) AS k (role)
 CROSS JOIN LATERAL (
       SELECT FROM directory.users u
        WHERE u.account_id = $1 AND u.role = k.role
        LIMIT $3) u
