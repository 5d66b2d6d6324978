-- The newest living key that this root key does not wrap.
SELECT bucket_id, root_key_id
  FROM keyring.buckets
 WHERE wrapped_key IS NOT NULL AND root_key_id <> $1
 ORDER BY created_at DESC
 LIMIT 1;
