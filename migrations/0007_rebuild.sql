-- A read model is rebuilt beside the one that is read, and the one that was read
-- before is kept, so that it can be taken back.

-- +goose Up

-- The versions of a read model. That in place live has its tables in the schema named
-- as the projection, the others in that name with _next or _old added; checkpoints and
-- quarantine go by the name of the schema.
CREATE TABLE projections.versions (
    position   bigint      NOT NULL DEFAULT 0, -- end of the log when it was begun; up to here it is loaded, later events are applied
    done       bigint      NOT NULL DEFAULT 0, -- of total, in the present step
    total      bigint      NOT NULL DEFAULT 0,
    begun_at   timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(), -- sign of life of the process that works on it
    live_since timestamptz,
    version    integer     NOT NULL,
    epoch      integer     NOT NULL DEFAULT 1, -- of the log
    run_id     uuid,                           -- of the only process that may work on it
    shard      smallint    NOT NULL,
    parts      smallint    NOT NULL DEFAULT 0, -- in which it is loaded, by a hash of the ticket
    loaded     smallint[]  NOT NULL DEFAULT '{}', -- those that are
    indexed    boolean     NOT NULL DEFAULT true,
    projection text        NOT NULL,
    place      text        NOT NULL,
    step       text        NOT NULL DEFAULT '',
    build      text        NOT NULL DEFAULT '', -- the program: another one may fold differently
    CONSTRAINT versions_pkey PRIMARY KEY (projection, shard, place) DEFERRABLE, -- two change places in one statement
    CONSTRAINT versions_place_check CHECK (place IN ('live', 'next', 'old'))
) WITH (fillfactor = 50);
