SELECT bucket_id, account_id, purpose, root_key_id, wrapped_key
  FROM keyring.buckets
 WHERE bucket_id = ANY ($1::bigint[]);
