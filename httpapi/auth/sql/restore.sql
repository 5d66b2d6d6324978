INSERT INTO directory.keys AS old (key_id, account_id, user_id, kind, hash, hint, label, scopes, created_at, expires_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT ON CONSTRAINT keys_pkey DO UPDATE
   SET revoked_at = coalesce(old.revoked_at, excluded.revoked_at)
 WHERE old.hash = excluded.hash;
