-- All keys of a user or, without one, of the account.
UPDATE directory.keys
   SET revoked_at = now()
 WHERE account_id = $1
   AND ($2::uuid IS NULL OR user_id = $2)
   AND revoked_at IS NULL
RETURNING hash;
