-- All that an instance says and learns every few seconds, in one statement: it is
-- present; it renews its leases, takes free or expired ones up to a fair share and
-- gives back what is more; it sees the end of the log and how far each partition
-- has come. The only clock is the database's.
--
-- Rows that somebody is just moving are passed over, not waited for: whoever waits
-- with locks in hand can be waited for in turn.
WITH head AS (
    SELECT shard, position, epoch, partition_positions
      FROM log.heads
     WHERE shard = $2
), present AS (
    INSERT INTO projections.members (projection, shard, member, present_until)
    VALUES ($1, $2, $3, now() + $4::interval)
    ON CONFLICT ON CONSTRAINT members_pkey DO UPDATE SET present_until = excluded.present_until
), forgotten AS (
    DELETE FROM projections.members WHERE present_until < now() - interval '1 day' AND member <> $3
), share AS (
    SELECT ceil(64.0 / (1 + count(*))) AS size
      FROM projections.members
     WHERE projection = $1 AND shard = $2 AND member <> $3 AND present_until > now()
), free AS (
    SELECT partition, owner IS NOT DISTINCT FROM $3 AS mine
      FROM projections.checkpoints
     WHERE projection = $1 AND shard = $2 AND (owner = $3 OR leased_until <= now())
       FOR UPDATE SKIP LOCKED
), chosen AS (
    SELECT partition, row_number() OVER (ORDER BY mine DESC, partition) <= size AS keep
      FROM free, share
), leased AS (
    UPDATE projections.checkpoints c
       SET owner = CASE WHEN keep THEN $3::uuid END,
           leased_until = CASE WHEN keep THEN now() + $4::interval ELSE now() END,
           read_to = CASE WHEN c.position = head.partition_positions[c.partition + 1] THEN head.position
                          WHEN c.epoch = head.epoch THEN greatest(c.position, c.read_to)
                          ELSE c.position END,
           -- A new epoch is followed if the checkpoint names an event that is still in the
           -- log. An event of a later epoch in its place is another event.
           epoch = CASE WHEN c.epoch = head.epoch OR c.position = 0 OR EXISTS (
                        SELECT FROM log.events e
                         WHERE e.shard = c.shard AND e.position = c.position AND e.epoch <= c.epoch
                   ) THEN head.epoch ELSE c.epoch END
      FROM chosen, head
     WHERE c.projection = $1 AND c.shard = $2 AND c.partition = chosen.partition
    RETURNING c.partition, c.position, c.read_to, c.epoch, c.owner
)
SELECT h.position, h.epoch, h.partition_positions, now(),
       (SELECT count(*) FROM projections.quarantine WHERE projection = $1 AND shard = $2),
       l.partition, l.position, l.read_to, l.epoch
  FROM head h
  LEFT JOIN leased l ON l.owner = $3
