-- The version that the migrations made is the first.
INSERT INTO projections.versions (projection, shard, place, version)
SELECT $1, $2, 'live', 1
 WHERE NOT EXISTS (SELECT FROM projections.versions WHERE projection = $1 AND shard = $2 AND place = 'live')
