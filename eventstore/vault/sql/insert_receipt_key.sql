-- Of the instances that make the key of an hour, the first one wins.
INSERT INTO keyring.buckets (bucket_id, account_id, purpose, root_key_id, wrapped_key)
VALUES ($1, 0, 'receipt', $2, $3)
ON CONFLICT ON CONSTRAINT buckets_pkey DO NOTHING;
