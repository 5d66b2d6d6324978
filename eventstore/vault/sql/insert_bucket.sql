-- The id is not authenticated with the wrapped key: a row that carries another
-- bucket's key opens none of its contents anyway, and so one statement is enough.
INSERT INTO keyring.buckets (bucket_id, account_id, purpose, root_key_id, wrapped_key)
VALUES (nextval('keyring.bucket_ids'), $1, $2, $3, $4)
RETURNING bucket_id;
