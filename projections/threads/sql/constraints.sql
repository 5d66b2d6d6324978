ALTER TABLE threads.tickets
    ADD CONSTRAINT tickets_pkey PRIMARY KEY USING INDEX tickets_pkey;

ALTER TABLE threads.comments
    ADD CONSTRAINT comments_pkey PRIMARY KEY USING INDEX comments_pkey,
    ADD CONSTRAINT comments_id_key UNIQUE USING INDEX comments_id_key;
