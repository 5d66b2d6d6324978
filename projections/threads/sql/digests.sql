-- What the rows of each ticket come to: equal rows, equal digest.
SELECT account_id, ticket_id, max(version) AS version, bit_xor(hash) AS digest
  FROM (SELECT account_id, ticket_id, applied_version AS version, hash_record_extended(t, 0) AS hash
          FROM threads.tickets t
         WHERE shard = $1
         UNION ALL
        SELECT account_id, ticket_id, NULL, hash_record_extended(c, 1)
          FROM threads.comments c
         WHERE shard = $1) r
 GROUP BY account_id, ticket_id
