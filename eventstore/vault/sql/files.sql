-- Where a wrapped key has lain, or might lie by mistake: the table and the statistics
-- that ANALYZE writes, each with its TOAST table, and what the table was before.
SELECT pg_relation_filepath(f.relation)
  FROM pg_catalog.pg_class c, LATERAL (VALUES (c.oid), (c.reltoastrelid)) AS f (relation)
 WHERE c.oid IN ('keyring.buckets'::regclass, 'pg_catalog.pg_statistic'::regclass) AND f.relation <> 0
 UNION
SELECT file FROM keyring.old_files;
