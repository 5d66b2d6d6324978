SELECT coalesce(max(bucket_id), 0) FROM directory.users;
