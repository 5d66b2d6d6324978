-- A ticket. What it is stands in log.tickets, which is always current; its times and
-- counts have been folded.
SELECT t.{version}, CASE WHEN r.applied_version <= t.version THEN r.applied_version END,
       r.{change}, r.{updated_at}, r.public_counts, {internal_counts}, r.opened_at,
       t.number, t.status, t.requester_id, t.default_public, {legal_hold}, t.subject_id, k.bucket_id, k.sealed, {audits}, {last_audit}
  FROM log.tickets t
  LEFT JOIN threads.tickets r ON r.shard = $1 AND r.account_id = $2 AND r.ticket_id = $3
  LEFT JOIN LATERAL (
       SELECT * FROM log.contents k
        WHERE k.shard = $1 AND k.content_id = t.subject_id
       OFFSET 0) k ON true
 WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3
   AND ($4::uuid IS NULL OR t.requester_id = $4)
