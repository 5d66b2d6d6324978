INSERT INTO threads.tickets AS r (shard, account_id, ticket_id, applied_version, opened_at, updated_at, public_updated_at,
                                  last_change_id, last_public_change_id, public_counts, internal_counts, audits, last_audit)
SELECT $1, k.account_id, k.ticket_id, k.version, k.opened_at, k.updated_at, k.public_updated_at, k.change_id, k.public_change_id,
       ARRAY[k.public_1, k.public_2, k.public_3], ARRAY[k.internal_1, k.internal_2, k.internal_3], k.audits, k.last_audit
  FROM unnest($2::integer[], $3::uuid[], $4::integer[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
              $8::uuid[], $9::uuid[], $10::integer[], $11::integer[], $12::integer[], $13::integer[], $14::integer[], $15::integer[],
              $16::integer[], $17::bigint[])
       AS k (account_id, ticket_id, version, opened_at, updated_at, public_updated_at, change_id, public_change_id,
             public_1, public_2, public_3, internal_1, internal_2, internal_3, audits, last_audit)
ON CONFLICT ON CONSTRAINT tickets_pkey DO UPDATE
   SET applied_version = excluded.applied_version, opened_at = excluded.opened_at, updated_at = excluded.updated_at,
       public_updated_at = excluded.public_updated_at, last_change_id = excluded.last_change_id,
       last_public_change_id = excluded.last_public_change_id, public_counts = excluded.public_counts,
       internal_counts = excluded.internal_counts, audits = excluded.audits, last_audit = excluded.last_audit
