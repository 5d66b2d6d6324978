SELECT 'log.tickets', format('account %s ticket %s', t.account_id, t.ticket_id), 'there is no event of this ticket'
  FROM log.tickets t
 WHERE t.shard = $1
   AND NOT EXISTS (SELECT FROM log.events e WHERE e.shard = $1 AND e.account_id = t.account_id AND e.ticket_id = t.ticket_id)
