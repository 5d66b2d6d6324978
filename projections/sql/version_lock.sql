-- Held for as long as the session lives: whoever works on versions of a read model does
-- it alone, and no longer than it is there.
SELECT pg_try_advisory_lock($1::integer, hashtext($2::text || '/' || $3::smallint))
