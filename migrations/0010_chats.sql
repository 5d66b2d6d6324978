-- Chats: conversations that a program relays into a ticket.
--
-- A chat is a thing of a ticket like a comment, and has a row in log.comments for what
-- they have in common: its revision, which guards against two writers at once, whose it
-- is, and whether any text of it is left. So whatever goes through all that was ever said
-- in an account meets chats, too. What only a chat has stands here.

-- +goose Up
CREATE TABLE log.chats (
    account_id integer  NOT NULL,
    entries    integer  NOT NULL, -- that were ever added: the index of the next one
    shard      smallint NOT NULL,
    ended      boolean  NOT NULL,
    chat_id    uuid     NOT NULL, -- comment_id in log.comments
    CONSTRAINT chats_pkey PRIMARY KEY (shard, account_id, chat_id)
) WITH (fillfactor = 80);
