-- The log as a Merkle tree (RFC 6962): what was in it, and in which order, can be
-- proved to whoever holds an earlier signed head, and cannot be rewritten unnoticed.
-- docs/audit.md says what that is worth.

-- +goose Up
CREATE SCHEMA audit;

-- How far the tree of a shard has come. Whoever extends it moves this row, and only
-- from the size it believes in. A generation ends when an operator accepts that the
-- log has lost, or changed, what the tree had sealed.
CREATE TABLE audit.trees (
    size       bigint   NOT NULL DEFAULT 0, -- events in the tree; the last head is of this size
    generation integer  NOT NULL DEFAULT 1,
    epoch      integer  NOT NULL,           -- of the log, as it was last known to be meant
    shard      smallint NOT NULL,
    CONSTRAINT trees_pkey PRIMARY KEY (shard)
) WITH (fillfactor = 20);

INSERT INTO audit.trees (epoch, shard) SELECT epoch, shard FROM log.heads;

-- Hashes of the tree, 256 to a row. Level 0 has the leaf hashes of positions
-- tile*256 + 1 and following, once there are 256 of them; a hash of level 1 is the
-- root of a tile of level 0, and so on. Above level 0 the last tile grows.
CREATE TABLE audit.tiles (
    tile       bigint   NOT NULL,
    generation integer  NOT NULL,
    shard      smallint NOT NULL,
    level      smallint NOT NULL,
    hashes     bytea    NOT NULL,
    CONSTRAINT tiles_pkey PRIMARY KEY (shard, generation, level, tile)
);
ALTER TABLE audit.tiles ALTER COLUMN hashes SET STORAGE EXTERNAL; -- hashes do not compress

-- Every tree head that was ever signed. The text that is signed is made of the
-- columns: each head names the one before it, so that none can be taken out.
CREATE TABLE audit.heads (
    size       bigint      NOT NULL, -- events in the tree
    previous   bigint      NOT NULL, -- size of the head signed before this one, 0 if there is none
    kept       bigint,               -- only of the first head of a later generation: how much of the log is what the former one had sealed
    signed_at  timestamptz NOT NULL,
    generation integer     NOT NULL,
    epoch      integer     NOT NULL,
    shard      smallint    NOT NULL,
    root       bytea       NOT NULL,
    signature  bytea       NOT NULL,
    leaves     bytea       NOT NULL, -- leaf hashes new with this head, of the tile that it leaves unfinished
    CONSTRAINT heads_pkey PRIMARY KEY (shard, generation, size)
);
ALTER TABLE audit.heads ALTER COLUMN leaves SET STORAGE EXTERNAL;
