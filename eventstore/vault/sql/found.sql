-- As good as never rewritten.
UPDATE keyring.buckets SET rewritten_at = NULL WHERE trace = ANY ($1::bytea[]);
