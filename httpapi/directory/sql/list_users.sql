-- Users of some roles, in the order of their numbers. Each role is read on its own, so that
-- administrators are found among any number of customers.
SELECT u.user_id, u.number, u.role, u.active, u.created_at, u.updated_at, u.bucket_id, u.sealed
  FROM unnest($2::text[]) AS k (role)
 CROSS JOIN LATERAL (
       SELECT * FROM directory.users u
        WHERE u.account_id = $1 AND u.role = k.role AND u.number > $3 AND u.number < $4
        ORDER BY u.number {direction}
        LIMIT $5 + $6::bigint) u
 ORDER BY u.number {direction}
 LIMIT $5 OFFSET $6
