-- No number is drawn again that was drawn where the log comes from.
SELECT setval('log.number_blocks', greatest(pg_sequence_last_value('log.number_blocks'), $1::bigint, 1))
