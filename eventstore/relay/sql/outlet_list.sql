SELECT o.account_id, o.audience, o.outlet_id, o.start_position, o.mark_position, o.mark_sequence, o.mark_epoch, o.opened_at, o.closed_at,
       ARRAY(SELECT r.name FROM outlets.readers r
              WHERE r.shard = o.shard AND r.account_id = o.account_id AND r.audience = o.audience ORDER BY r.name)
  FROM outlets.outlets o
 WHERE o.shard = $1 AND o.account_id = $2
 ORDER BY o.audience
