-- The key with id -h was in use during the hour h since 1970.
UPDATE keyring.buckets
   SET wrapped_key = NULL, destroyed_at = now(), trace = keyring.trace(wrapped_key)
 WHERE purpose = 'receipt' AND wrapped_key IS NOT NULL
   AND to_timestamp((1 - bucket_id) * 3600.0) <= now() - $1::interval;
