SELECT bucket_id, account_id, purpose, destroyed_at
  FROM keyring.buckets
 WHERE bucket_id = ANY ($1::bigint[]) AND destroyed_at IS NOT NULL;
