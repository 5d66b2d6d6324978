-- Draws names until none up to $1 is left, and returns the newest that is known.
-- Drawing is safe whoever else draws; setting the sequence would not be.
SELECT coalesce((SELECT max(bucket_id) FROM keyring.buckets), 0),
       (SELECT count(nextval('keyring.bucket_ids'))
          FROM generate_series((SELECT last_value + is_called::integer FROM keyring.bucket_ids), $1::bigint));
