INSERT INTO directory.users (account_id, user_id, number, role)
VALUES ($1, $2, $3, $4)
ON CONFLICT ON CONSTRAINT users_pkey DO NOTHING;
