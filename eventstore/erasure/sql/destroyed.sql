UPDATE log.retired_buckets r
   SET destroyed_at = now(), account_id = k.account_id, purpose = k.purpose
  FROM unnest($1::bigint[], $2::integer[], $3::text[]) AS k (bucket_id, account_id, purpose)
 WHERE r.bucket_id = k.bucket_id AND r.destroyed_at IS NULL
