-- Who keeps the table from being rewritten, for the operator.
SELECT format('process %s (%s, %s, in its transaction since %s)', a.pid, coalesce(nullif(a.application_name, ''), 'unnamed'),
              a.state, to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
  FROM pg_catalog.pg_locks l
  JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.relation = 'keyring.buckets'::regclass AND l.granted AND a.pid <> pg_backend_pid()
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
 ORDER BY a.xact_start;
