-- The first revocation is the one that counts. The hash lets this instance drop
-- what it knows of the key at once.
UPDATE directory.keys
   SET revoked_at = coalesce(revoked_at, now())
 WHERE account_id = $1
   AND key_id = $2
RETURNING hash;
