-- Those of the keys that are retired. log.hold_buckets has been called: it stays so.
SELECT bucket_id FROM log.retired_buckets WHERE bucket_id = ANY ($1::bigint[])
