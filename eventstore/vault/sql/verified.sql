WITH gone AS (DELETE FROM keyring.old_files WHERE file = ANY ($2::text[]))
UPDATE keyring.buckets SET trace = NULL WHERE trace = ANY ($1::bytea[]);
