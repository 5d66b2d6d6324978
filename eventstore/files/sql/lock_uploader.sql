-- Uploads of a user are counted one after the other.
SELECT pg_advisory_xact_lock(hashtextextended($2::uuid::text, $1::integer))
