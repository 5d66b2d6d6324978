-- The files that go with comments. What a file is called, what it holds and the key to
-- that are part of the comment's content; here is what has to be known without opening
-- anything: where its bytes are, and which of them may go.

-- +goose Up

-- A row is an upload until a comment attaches it. All that is known of it then lies in
-- the row, sealed under a key that only the holder of the upload's token can make. Once
-- it is attached, the row names the comment, and nothing is left of the upload.
CREATE TABLE log.files (
    number              bigint      NOT NULL,
    size                bigint      NOT NULL, -- in bytes
    removed_at_position bigint,               -- of the event that has removed it; the blob and the row follow
    added_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at          timestamptz,          -- of an upload
    account_id          integer     NOT NULL,
    shard               smallint    NOT NULL,
    blob_id             uuid,                 -- null: the placeholder that a redaction has left
    uploader_id         uuid,                 -- of an upload
    ticket_id           uuid,
    comment_id          uuid,
    upload              bytea,                -- keyed digest of the token
    sealed              bytea,                -- of an upload: vault.SealUpload
    CONSTRAINT files_pkey PRIMARY KEY (shard, number),
    CONSTRAINT files_blob_key UNIQUE (blob_id),
    CONSTRAINT files_attached_check CHECK (
        CASE WHEN comment_id IS NULL
             THEN ticket_id IS NULL AND removed_at_position IS NULL AND blob_id IS NOT NULL
                  AND num_nulls(expires_at, uploader_id, upload, sealed) = 0
             ELSE ticket_id IS NOT NULL AND num_nonnulls(expires_at, uploader_id, upload, sealed) = 0 END)
);
CREATE INDEX files_upload_idx ON log.files (shard, upload) WHERE upload IS NOT NULL;
CREATE INDEX files_uploader_idx ON log.files ((account_id + 0), uploader_id) WHERE uploader_id IS NOT NULL;
CREATE INDEX files_expires_idx ON log.files (shard, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX files_comment_idx ON log.files (shard, account_id, comment_id) WHERE comment_id IS NOT NULL;
CREATE INDEX files_removed_idx ON log.files (shard, removed_at_position) WHERE removed_at_position IS NOT NULL;
