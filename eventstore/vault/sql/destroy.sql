-- From here on nobody is given the key. Its bytes are still in the file of the table.
UPDATE keyring.buckets
   SET wrapped_key = NULL, destroyed_at = now(), trace = keyring.trace(wrapped_key)
 WHERE bucket_id = ANY ($1::bigint[]) AND wrapped_key IS NOT NULL;
