SELECT coalesce(pg_sequence_last_value('log.number_blocks'), 0)
