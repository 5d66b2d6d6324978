-- A new version begins with all that is in the log now: that will be loaded, so that is
-- where its checkpoints stand. Nobody but its builder ever moves them.
--
-- The parts are as many as workers, or as memory demands: $6 bytes an event, $7 for a
-- part. A part that is written need not be read again, so a few are made in any case.
WITH head AS (
    SELECT position, epoch, partition_positions
      FROM log.heads
     WHERE shard = $2
), checkpoints AS (
    INSERT INTO projections.checkpoints (projection, shard, partition, position, read_to, epoch)
    SELECT $1 || '_next', $2, p, head.partition_positions[p + 1], head.position, head.epoch
      FROM head, generate_series(0, 63) AS p
)
INSERT INTO projections.versions (projection, shard, place, version, position, epoch, run_id, build, parts, indexed)
SELECT $1, $2, 'next', 1 + (SELECT max(version) FROM projections.versions WHERE projection = $1 AND shard = $2),
       head.position, head.epoch, $3, $4, greatest($5::bigint, ceil(head.position * $6::float8 / $7::float8), least(4, ceil(head.position / 250000.0))), false
  FROM head
RETURNING version, position, epoch, parts
