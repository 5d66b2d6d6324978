INSERT INTO log.tickets (shard, account_id, ticket_id, number, version, public_version, comments, revision, default_public, legal_hold,
                         requester_id, subject_id, status)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT ON CONSTRAINT tickets_pkey DO UPDATE
   SET version = excluded.version, public_version = excluded.public_version, comments = excluded.comments, revision = excluded.revision,
       default_public = excluded.default_public, legal_hold = excluded.legal_hold, requester_id = excluded.requester_id,
       subject_id = excluded.subject_id, status = excluded.status
