-- Null if there is no such file, and empty behind its end.
SELECT pg_read_binary_file($1::text, $2::bigint, $3::bigint, true);
