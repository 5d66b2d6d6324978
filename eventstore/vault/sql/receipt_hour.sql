-- The id of this hour's receipt key, and the seconds for which it remains so. The
-- clock is the database's, so that all instances change keys together.
SELECT -floor(extract(epoch FROM now()) / 3600)::bigint,
       (3600 - extract(epoch FROM now()) % 3600)::float8;
