-- One that is closed and not yet removed may be opened again. It is another outlet then.
INSERT INTO outlets.outlets (shard, account_id, audience, outlet_id, start_position, mark_position)
VALUES ($1, $2, $3, $4, $5, $5)
    ON CONFLICT (shard, account_id, audience) DO UPDATE
   SET outlet_id = excluded.outlet_id, start_position = excluded.start_position, mark_position = excluded.mark_position,
       mark_sequence = 0, mark_epoch = 0, opened_at = now(), closed_at = NULL
 WHERE outlets.closed_at IS NOT NULL
