-- No number is drawn again that was drawn where the log comes from. A sequence that nobody
-- has used yet goes on from where it starts.
SELECT setval('log.number_blocks', $1::bigint)
 WHERE $1::bigint >= coalesce(pg_sequence_last_value('log.number_blocks'), (SELECT start_value FROM pg_sequences WHERE schemaname = 'log' AND sequencename = 'number_blocks'))
