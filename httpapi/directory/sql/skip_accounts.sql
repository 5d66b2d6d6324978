-- New accounts get other numbers.
SELECT setval('directory.accounts_account_id_seq', greatest(pg_sequence_last_value('directory.accounts_account_id_seq'), $1::bigint));
