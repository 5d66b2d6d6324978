-- Webhooks: where the events of an account are to be sent, and how far each endpoint
-- has come. Nothing here can be made anew from the log: what was sent was sent.

-- +goose Up

CREATE SCHEMA webhooks;

-- Processes that deliver. One that is not heard of any more is removed, and what it
-- held is free for others.
CREATE TABLE webhooks.members (
    alive_until timestamptz NOT NULL,
    member_id   uuid        NOT NULL,
    CONSTRAINT members_pkey PRIMARY KEY (member_id)
);

-- The cursor of an endpoint is a position of the log. No event is copied to wait for
-- its delivery.
CREATE TABLE webhooks.endpoints (
    position      bigint      NOT NULL, -- events up to here are delivered, of no concern to the endpoint, or in webhooks.late
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    not_before    timestamptz NOT NULL DEFAULT now(), -- nothing is sent until then
    failing_since timestamptz,          -- the first failure after the last success
    account_id    integer     NOT NULL,
    generation    integer     NOT NULL DEFAULT 1, -- raised with every change by people: who delivers begins anew
    tries         integer     NOT NULL DEFAULT 0, -- of the next event that have failed, if strict
    shard         smallint    NOT NULL,
    strict        boolean     NOT NULL, -- an event that cannot be delivered holds up those after it
    internal      boolean     NOT NULL, -- what customers may not know is sent, too
    with_text     boolean     NOT NULL,
    endpoint_id   uuid        NOT NULL,
    member_id     uuid,                 -- who delivers
    ticket_id     uuid,                 -- only events of this ticket are sent; null: of all
    types         text[]      NOT NULL, -- only these are sent; none: all
    off_because   text,                 -- null: it is on
    sealed        bytea       NOT NULL, -- the URL and the secrets
    CONSTRAINT endpoints_pkey PRIMARY KEY (endpoint_id),
    CONSTRAINT endpoints_member_fkey FOREIGN KEY (member_id) REFERENCES webhooks.members ON DELETE SET NULL,
    CONSTRAINT endpoints_off_check CHECK (off_because IN ('requested', 'gone', 'failing'))
) WITH (fillfactor = 70);
CREATE INDEX endpoints_account_idx ON webhooks.endpoints (account_id, endpoint_id);
CREATE INDEX endpoints_member_idx ON webhooks.endpoints (member_id) WHERE off_because IS NULL;

-- Events that a cursor has passed by although they were not delivered: to be tried again,
-- or given up. There is a limit to how many an endpoint can have; then its cursor waits.
CREATE TABLE webhooks.late (
    noted_at    timestamptz NOT NULL DEFAULT now(),
    due_at      timestamptz,         -- null: given up
    position    bigint      NOT NULL, -- 0: a test
    tries       integer     NOT NULL,
    endpoint_id uuid        NOT NULL,
    event_id    uuid        NOT NULL,
    CONSTRAINT late_pkey PRIMARY KEY (endpoint_id, event_id),
    CONSTRAINT late_endpoint_fkey FOREIGN KEY (endpoint_id) REFERENCES webhooks.endpoints ON DELETE CASCADE
);
CREATE INDEX late_due_idx ON webhooks.late (endpoint_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX late_given_up_idx ON webhooks.late (noted_at) WHERE due_at IS NULL;

-- What was tried lately. Of an answer nothing but its status is kept.
CREATE TABLE webhooks.attempts (
    attempt_id  bigint      GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL,
    position    bigint      NOT NULL, -- 0: a test
    try         integer     NOT NULL,
    duration_ms integer,              -- until the answer; null: there was none
    status      smallint,             -- likewise
    endpoint_id uuid        NOT NULL,
    event_id    uuid        NOT NULL,
    type        text        NOT NULL,
    outcome     text        NOT NULL,
    CONSTRAINT attempts_pkey PRIMARY KEY (endpoint_id, attempt_id),
    CONSTRAINT attempts_endpoint_fkey FOREIGN KEY (endpoint_id) REFERENCES webhooks.endpoints ON DELETE CASCADE
);
CREATE INDEX attempts_at_idx ON webhooks.attempts (at);
