-- A key that exists already is left as it is; the caller compares.
INSERT INTO directory.keys (key_id, account_id, user_id, kind, hash, hint, label, scopes, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT ON CONSTRAINT keys_hash_key DO NOTHING;
