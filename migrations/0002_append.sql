-- The one statement that writes the log: a batch of commands, each with its own
-- outcome. A command that is refused leaves no trace and never fails its
-- neighbours.
--
-- The caller sees to it that a batch holds no two commands about one comment, no two
-- with one receipt and no two that attach the files of one upload. Commands about one ticket may share a batch: the loop
-- below judges each against what those before it have done.
--
-- The plans of its statements must be index look-ups whatever the statistics say:
-- eventstore.Connect pins them for the session. (SET clauses here would be paid for
-- at every call.)

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION log.append(
    _shard                smallint,
    -- the tickets concerned, each once
    _ticket_account       integer[],
    _ticket_id            uuid[],
    _ticket_partition     smallint[],
    -- the commands, in order
    _item_ticket          integer[],  -- index into the tickets, from 1
    _item_ticket_revision integer[],  -- the ticket revision decided on; 0: there is no ticket yet
    _item_comment         uuid[],     -- the comment concerned, or null
    _item_revision        integer[],  -- the comment revision decided on; 0: there is no comment yet
    _item_changes_ticket  boolean[],  -- whether an event of it changes the ticket's row
    _item_receipt         uuid[],     -- receipt id, or null; null altogether if none has one
    _item_fingerprint     bytea[],
    _item_completes       uuid[],     -- the event whose obligation is completed, or null; null altogether if none is
    _item_destroyed_at    timestamptz[], -- when its keys were destroyed
    _item_expected        integer[],  -- the version that the ticket must be at, or null; null altogether if none has one
    _item_most            integer[],  -- how many comments the ticket must have fewer than, or null; likewise
    -- their events, in order
    _event_item           integer[],  -- index into the commands, from 1
    _event_id             uuid[],
    _event_type           text[],
    _event_schema         smallint[],
    _event_comment        uuid[],
    _event_internal       boolean[],
    _event_data           bytea[],
    -- the contents they add
    _content_item         integer[],
    _content_id           uuid[],
    _content_bucket       bigint[],
    _content_sealed       bytea[],
    -- the contents they remove; null altogether if they remove none
    _removed_item         integer[],
    _removed_id           uuid[],
    -- the uploads whose files they attach, each once, and how many files those are; null
    -- altogether if they attach none
    _claim_item           integer[],
    _claim_upload         bytea[],
    _claim_files          integer[],
    -- the files they remove, or null for all those of the comment; null altogether if they
    -- remove none
    _gone_item            integer[],
    _gone_number          bigint[],
    -- what they put in the place of files; null altogether if they put nothing
    _placeholder_item     integer[],
    _placeholder_number   bigint[],
    -- the comments' rows after them
    _comment_item         integer[],
    _comment_id           uuid[],
    _comment_number       bigint[],
    _comment_author_type  smallint[],
    _comment_author_id    uuid[],
    _comment_public       boolean[],
    _comment_deleted      boolean[],
    _comment_content_id   uuid[],
    -- the tickets' rows after them, for commands that change the ticket
    _state_item           integer[],
    _state_number         bigint[],
    _state_status         text[],
    _state_requester      uuid[],
    _state_subject        uuid[],
    _state_public         boolean[],
    _state_hold           boolean[],
    -- what of the chats stands in log.chats after them; null altogether if there are none
    _chat_item            integer[],
    _chat_entries         integer[],
    _chat_ended           boolean[],
    -- by command: 1 appended, 2 replayed (receipt_comments names the comment), 3 receipt of
    -- another request, 4 the ticket has changed, 5 the comment has changed (or the obligation
    -- is no longer owed), 6 a content is sealed under a key that is retired, 7 the ticket is not
    -- at the version expected, 8 it has too many comments, 9 an upload is not (any more) what
    -- was to be attached
    OUT outcomes          smallint[],
    OUT receipt_comments  uuid[],
    -- by event: 0 where the command was refused
    OUT positions         bigint[],
    OUT versions          integer[],
    OUT recorded          timestamptz
)
LANGUAGE plpgsql
AS $$
DECLARE
    head_position     bigint;
    head_epoch        integer;
    partitions        bigint[];  -- last position in each
    ticket_versions   integer[];
    public_versions   integer[]; -- of the last event that is not internal
    ticket_revisions  integer[];
    ticket_comments   integer[];
    ticket_rows       tid[];     -- where the rows are; nobody moves them while the head is locked
    known_versions    integer[]; -- of the tickets before this batch
    comment_revisions integer[];
    receipt_verdicts  smallint[];
    item_versions     integer[]; -- of a command's last event
    comment_previous  integer[]; -- by event: version of the one before it about the comment
    comment_last      integer;
    retired           integer[]; -- commands that bring contents under retired keys
    settled           uuid[];    -- obligations that are not owed (any more)
    unclaimable       integer[]; -- commands with uploads that are not what they should be
    item_positions    bigint[];  -- of a command's last event
    previous          bigint[];
    event             integer := 1;
    ticket            integer;
    part              integer;
    changed           record;
    accepted          boolean := false;
    changes           boolean := false;
BEGIN
    -- Locked first and to the end: a reader that has passed 8 can never meet a
    -- late 7. Batching many commands behind one lock is what makes that cheap.
    -- Time never runs backwards along the log, whatever the clock does.
    SELECT h.position, h.epoch, h.partition_positions, greatest(clock_timestamp(), h.recorded_at)
      INTO STRICT head_position, head_epoch, partitions, recorded
      FROM log.heads h WHERE h.shard = _shard FOR UPDATE;

    SELECT array_agg(coalesce(t.version, 0) ORDER BY k.i), array_agg(coalesce(t.public_version, 0) ORDER BY k.i),
           array_agg(coalesce(t.revision, 0) ORDER BY k.i), array_agg(coalesce(t.comments, 0) ORDER BY k.i),
           array_agg(t.ctid ORDER BY k.i)
      INTO ticket_versions, public_versions, ticket_revisions, ticket_comments, ticket_rows
      FROM unnest(_ticket_account, _ticket_id) WITH ORDINALITY AS k (account_id, ticket_id, i)
      LEFT JOIN log.tickets t ON t.shard = _shard AND t.account_id = k.account_id AND t.ticket_id = k.ticket_id;

    -- A comment of another ticket has revision -1, which nobody expects. New comments
    -- are not looked up: their ids are fresh, and the primary key knows better.
    SELECT array_agg(CASE WHEN c.ticket_id <> _ticket_id[k.ticket] THEN -1 ELSE coalesce(c.revision, 0) END ORDER BY k.i),
           array_agg(CASE WHEN r.receipt_id IS NULL THEN 0
                          WHEN r.recorded_at < recorded - interval '2 hours' THEN -1
                          WHEN r.fingerprint = k.fingerprint THEN 2
                          ELSE 3 END::smallint ORDER BY k.i),
           array_agg(r.comment_id ORDER BY k.i)
      INTO comment_revisions, receipt_verdicts, receipt_comments
      FROM unnest(_item_ticket, _item_comment, _item_revision, _item_receipt, _item_fingerprint) WITH ORDINALITY
           AS k (ticket, comment_id, revision, receipt_id, fingerprint, i)
      LEFT JOIN log.comments c
        ON c.shard = _shard AND c.account_id = _ticket_account[k.ticket]
       AND c.comment_id = CASE WHEN k.revision > 0 THEN k.comment_id END
      LEFT JOIN log.receipts r
        ON r.shard = _shard AND r.receipt_id = k.receipt_id;

    IF -1 = ANY (receipt_verdicts) THEN -- expired: as good as gone
        DELETE FROM log.receipts r
         WHERE r.shard = _shard AND r.receipt_id = ANY (_item_receipt) AND r.recorded_at < recorded - interval '2 hours';
    END IF;

    SELECT array_agg(c.item) INTO retired
      FROM unnest(_content_item, _content_bucket) AS c (item, bucket)
     WHERE EXISTS (SELECT FROM log.retired_buckets b WHERE b.bucket_id = c.bucket);

    IF _item_completes IS NOT NULL THEN
        SELECT array_agg(c.event) INTO settled
          FROM unnest(_item_completes) AS c (event)
         WHERE c.event IS NOT NULL
           AND NOT EXISTS (SELECT FROM log.obligations o WHERE o.event_id = c.event AND o.completed_at IS NULL);
    END IF;

    -- Who adds a file to an upload holds a share of one of its rows (sql/add_file.sql): that
    -- file is counted here, or is refused there.
    IF _claim_item IS NOT NULL THEN
        PERFORM FROM log.files f
          WHERE f.shard = _shard AND f.upload = ANY (_claim_upload)
          ORDER BY f.number FOR UPDATE;
        SELECT array_agg(c.item) INTO unclaimable
          FROM unnest(_claim_item, _claim_upload, _claim_files) AS c (item, upload, files)
         WHERE c.files <> (SELECT count(*) FROM log.files f
                            WHERE f.shard = _shard AND f.upload = c.upload AND f.expires_at > recorded
                              AND f.account_id = _ticket_account[_item_ticket[c.item]]);
    END IF;

    known_versions := ticket_versions;
    FOR item IN 1 .. cardinality(_item_ticket) LOOP
        ticket := _item_ticket[item];
        outcomes[item] := CASE
            WHEN receipt_verdicts[item] > 0 THEN receipt_verdicts[item]
            WHEN _item_expected[item] <> ticket_versions[ticket] THEN 7
            WHEN ticket_revisions[ticket] <> _item_ticket_revision[item] THEN 4
            WHEN _item_most[item] <= ticket_comments[ticket] THEN 8
            WHEN comment_revisions[item] <> _item_revision[item] THEN 5
            WHEN _item_completes[item] = ANY (settled) THEN 5
            WHEN item = ANY (retired) THEN 6
            WHEN item = ANY (unclaimable) THEN 9
            ELSE 1 END;
        comment_last := _item_revision[item];
        WHILE _event_item[event] = item LOOP -- past the end the index gives null, which ends it
            IF outcomes[item] = 1 THEN
                head_position := head_position + 1;
                part := _ticket_partition[ticket] + 1;
                positions[event] := head_position;
                previous[event] := partitions[part];
                partitions[part] := head_position;
                ticket_versions[ticket] := ticket_versions[ticket] + 1;
                versions[event] := ticket_versions[ticket];
                comment_previous[event] := 0;
                IF _event_comment[event] IS NOT NULL THEN
                    comment_previous[event] := comment_last;
                    comment_last := versions[event];
                END IF;
                IF NOT _event_internal[event] THEN
                    public_versions[ticket] := versions[event];
                END IF;
                accepted := true;
            ELSE
                positions[event] := 0;
                versions[event] := 0;
                comment_previous[event] := 0;
            END IF;
            event := event + 1;
        END LOOP;
        item_versions[item] := ticket_versions[ticket];
        item_positions[item] := head_position;
        IF outcomes[item] = 1 AND _item_revision[item] = 0 AND _item_comment[item] IS NOT NULL
           AND (item = ANY (_chat_item)) IS NOT TRUE THEN -- it makes a comment
            ticket_comments[ticket] := ticket_comments[ticket] + 1;
        END IF;
        IF outcomes[item] = 1 AND _item_changes_ticket[item] THEN
            ticket_revisions[ticket] := ticket_versions[ticket];
            changes := true;
        END IF;
        IF outcomes[item] = 1 AND _item_completes[item] IS NOT NULL THEN
            settled := array_append(settled, _item_completes[item]); -- once, whoever else is in the batch
        END IF;
    END LOOP;

    IF NOT accepted THEN
        RETURN;
    END IF;

    INSERT INTO log.events (position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous, shard,
                            schema_version, internal, event_id, ticket_id, comment_id, type, data)
    SELECT e.position, e.previous, recorded, head_epoch, _ticket_account[_item_ticket[e.item]], e.version, e.comment_previous, _shard,
           e.schema, e.internal, e.id, _ticket_id[_item_ticket[e.item]], e.comment, e.type, e.data
      FROM unnest(_event_item, _event_id, _event_type, _event_schema, _event_comment, _event_internal, _event_data,
                  positions, versions, previous, comment_previous)
           AS e (item, id, type, schema, comment, internal, data, position, version, previous, comment_previous)
     WHERE e.position > 0;

    INSERT INTO log.contents (bucket_id, shard, content_id, sealed)
    SELECT c.bucket, _shard, c.id, c.sealed
      FROM unnest(_content_item, _content_id, _content_bucket, _content_sealed) AS c (item, id, bucket, sealed)
     WHERE outcomes[c.item] = 1;

    -- What is removed is owed the destruction of the keys that could still open it: they
    -- lie beside it in dead rows, the WAL and backups.
    IF _removed_item IS NOT NULL THEN
        WITH gone AS (
            DELETE FROM log.contents c
             USING unnest(_removed_item, _removed_id) AS r (item, id)
             WHERE c.shard = _shard AND c.content_id = r.id AND outcomes[r.item] = 1
            RETURNING r.item, c.bucket_id
        )
        INSERT INTO log.obligations (position, recorded_at, account_id, shard, ticket_id, event_id, bucket_ids)
        SELECT e.position, recorded, _ticket_account[_item_ticket[e.item]], _shard, _ticket_id[_item_ticket[e.item]], e.id,
               coalesce((SELECT array_agg(DISTINCT g.bucket_id) FROM gone g WHERE g.item = e.item), '{}')
          FROM unnest(_event_item, _event_id, positions) AS e (item, id, position)
         WHERE outcomes[e.item] = 1 AND e.item = ANY (_removed_item);
    END IF;

    -- Row by row, as with comments below.
    IF _claim_item IS NOT NULL THEN
        FOR changed IN SELECT * FROM unnest(_claim_item, _claim_upload) AS c (item, upload) WHERE outcomes[c.item] = 1 LOOP
            UPDATE log.files f
               SET ticket_id = _ticket_id[_item_ticket[changed.item]], comment_id = _item_comment[changed.item],
                   uploader_id = NULL, upload = NULL, sealed = NULL, expires_at = NULL
             WHERE f.shard = _shard AND f.upload = changed.upload;
        END LOOP;
    END IF;
    IF _gone_item IS NOT NULL THEN
        FOR changed IN SELECT * FROM unnest(_gone_item, _gone_number) AS g (item, number) WHERE outcomes[g.item] = 1 LOOP
            IF changed.number IS NULL THEN
                UPDATE log.files f
                   SET removed_at_position = item_positions[changed.item]
                 WHERE f.shard = _shard AND f.account_id = _ticket_account[_item_ticket[changed.item]]
                   AND f.comment_id = _item_comment[changed.item] AND f.removed_at_position IS NULL;
            ELSE
                UPDATE log.files f
                   SET removed_at_position = item_positions[changed.item]
                 WHERE f.shard = _shard AND f.number = changed.number AND f.account_id = _ticket_account[_item_ticket[changed.item]]
                   AND f.comment_id = _item_comment[changed.item] AND f.removed_at_position IS NULL;
            END IF;
        END LOOP;
    END IF;
    IF _placeholder_item IS NOT NULL THEN
        INSERT INTO log.files (number, size, account_id, shard, ticket_id, comment_id)
        SELECT p.number, 1, _ticket_account[_item_ticket[p.item]], _shard, _ticket_id[_item_ticket[p.item]], _item_comment[p.item]
          FROM unnest(_placeholder_item, _placeholder_number) AS p (item, number)
         WHERE outcomes[p.item] = 1;
    END IF;

    IF _item_completes IS NOT NULL THEN
        UPDATE log.obligations o
           SET completed_at = recorded, key_destroyed_at = i.destroyed_at
          FROM unnest(_item_completes, _item_destroyed_at, outcomes) AS i (event, destroyed_at, outcome)
         WHERE o.event_id = i.event AND i.outcome = 1;
    END IF;

    INSERT INTO log.comments (number, account_id, revision, shard, author_type, public, deleted,
                              comment_id, ticket_id, author_id, content_id)
    SELECT c.number, _ticket_account[_item_ticket[c.item]], item_versions[c.item], _shard, c.author_type, c.public,
           c.deleted, c.id, _ticket_id[_item_ticket[c.item]], c.author_id, c.content_id
      FROM unnest(_comment_item, _comment_id, _comment_number, _comment_author_type, _comment_author_id,
                  _comment_public, _comment_deleted, _comment_content_id)
           AS c (item, id, number, author_type, author_id, public, deleted, content_id)
     WHERE outcomes[c.item] = 1 AND _item_revision[c.item] = 0;

    -- Row by row: a join might be planned from the wrong side, and few commands come here.
    IF 0 < ANY (_item_revision) THEN
        FOR changed IN SELECT *
                   FROM unnest(_comment_item, _comment_id, _comment_public, _comment_deleted, _comment_content_id)
                        AS c (item, id, public, deleted, content_id)
                  WHERE outcomes[c.item] = 1 AND _item_revision[c.item] > 0 LOOP
            UPDATE log.comments old
               SET revision = item_versions[changed.item], public = changed.public, deleted = changed.deleted, content_id = changed.content_id
             WHERE old.shard = _shard AND old.account_id = _ticket_account[_item_ticket[changed.item]] AND old.comment_id = changed.id;
        END LOOP;
    END IF;

    IF _chat_item IS NOT NULL THEN
        INSERT INTO log.chats (account_id, entries, shard, ended, chat_id)
        SELECT _ticket_account[_item_ticket[c.item]], c.entries, _shard, c.ended, _item_comment[c.item]
          FROM unnest(_chat_item, _chat_entries, _chat_ended) AS c (item, entries, ended)
         WHERE outcomes[c.item] = 1
        ON CONFLICT ON CONSTRAINT chats_pkey DO UPDATE
           SET entries = excluded.entries, ended = excluded.ended;
    END IF;

    -- Found by their place: a second descent of the index is saved, and no join can be
    -- planned from the wrong side.
    UPDATE log.tickets t
       SET version = k.version, public_version = k.public_version, comments = k.comments
      FROM unnest(ticket_rows, known_versions, ticket_versions, public_versions, ticket_comments)
           AS k (place, known, version, public_version, comments)
     WHERE t.ctid = k.place AND k.version > k.known;

    IF changes THEN
        -- The last command of the batch to change a ticket has the last word on its row.
        INSERT INTO log.tickets (number, account_id, version, public_version, comments, revision, shard, default_public, legal_hold,
                                 ticket_id, requester_id, subject_id, status)
        SELECT DISTINCT ON (_item_ticket[s.item])
               s.number, _ticket_account[_item_ticket[s.item]], ticket_versions[_item_ticket[s.item]],
               public_versions[_item_ticket[s.item]], ticket_comments[_item_ticket[s.item]],
               ticket_revisions[_item_ticket[s.item]], _shard, s.public, s.hold, _ticket_id[_item_ticket[s.item]],
               s.requester, s.subject, s.status
          FROM unnest(_state_item, _state_number, _state_status, _state_requester, _state_subject, _state_public, _state_hold)
               AS s (item, number, status, requester, subject, public, hold)
         WHERE outcomes[s.item] = 1
         ORDER BY _item_ticket[s.item], s.item DESC
        ON CONFLICT ON CONSTRAINT tickets_pkey DO UPDATE
           SET version = excluded.version, public_version = excluded.public_version, revision = excluded.revision, status = excluded.status,
               requester_id = excluded.requester_id, subject_id = excluded.subject_id,
               default_public = excluded.default_public, legal_hold = excluded.legal_hold;
    END IF;

    IF _item_receipt IS NOT NULL THEN
        INSERT INTO log.receipts (recorded_at, shard, receipt_id, comment_id, fingerprint)
        SELECT recorded, _shard, i.receipt, i.comment, i.fingerprint
          FROM unnest(_item_receipt, _item_comment, _item_fingerprint, outcomes) AS i (receipt, comment, fingerprint, outcome)
         WHERE i.outcome = 1 AND i.receipt IS NOT NULL;
    END IF;

    UPDATE log.heads h
       SET position = head_position, recorded_at = recorded, partition_positions = partitions
     WHERE h.shard = _shard;
END
$$;
-- +goose StatementEnd
