-- A read model as it stands: the version that is read, and what is kept or under way
-- beside it. The partitions that have all their events count as being at the end.
WITH partitions AS (
    SELECT h.position AS head, c.position, c.epoch <> h.epoch OR c.position > h.partition_positions[p + 1] AS stray,
           c.owner IS NOT NULL AND c.leased_until > now() AS leased,
           CASE WHEN c.position >= h.partition_positions[p + 1] THEN h.position
                ELSE greatest(c.position, c.read_to) END AS reached
      FROM log.heads h
     CROSS JOIN generate_series(0, 63) AS p
      LEFT JOIN projections.checkpoints c ON c.projection = $1 AND c.shard = $2 AND c.partition = p
     WHERE h.shard = $2
)
SELECT h.position, h.epoch,
       (SELECT coalesce(min(coalesce(reached, 0)), 0) FROM partitions),
       (SELECT count(*) FILTER (WHERE leased) FROM partitions),
       (SELECT count(*) FILTER (WHERE stray) FROM partitions),
       (SELECT count(*) FROM projections.members m WHERE m.projection = $1 AND m.shard = $2 AND m.present_until > now()),
       (SELECT count(*) FROM projections.quarantine q WHERE q.projection = $1 AND q.shard = $2)
  FROM log.heads h
 WHERE h.shard = $2
