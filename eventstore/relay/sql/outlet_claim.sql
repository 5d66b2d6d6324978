-- The outlets of a shard, for the process that fills them: whoever has the lease, or takes
-- it because nobody has. Where there are no outlets nothing is written.
WITH taken AS (
    INSERT INTO outlets.leases (shard, holder, held_until)
    SELECT $1, $2, now() + make_interval(secs => $3)
     WHERE EXISTS (SELECT FROM outlets.outlets WHERE shard = $1)
        ON CONFLICT (shard) DO UPDATE
       SET holder = excluded.holder, held_until = excluded.held_until
     WHERE leases.held_until < now()
        OR leases.holder = excluded.holder AND leases.held_until < now() + make_interval(secs => $3 / 2)
    RETURNING holder
)
SELECT o.account_id, o.audience, o.outlet_id, o.start_position, o.mark_position, o.mark_sequence, o.mark_epoch, o.opened_at, o.closed_at,
       ARRAY(SELECT r.name FROM outlets.readers r
              WHERE r.shard = o.shard AND r.account_id = o.account_id AND r.audience = o.audience ORDER BY r.name)
  FROM outlets.outlets o
 WHERE o.shard = $1
   AND (EXISTS (SELECT FROM taken)
        OR EXISTS (SELECT FROM outlets.leases l WHERE l.shard = $1 AND l.holder = $2 AND l.held_until > now()))
