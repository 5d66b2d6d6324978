-- Pages of many threads, one after the other, in one snapshot. page is page.sql, with
-- the columns of asked in place of its parameters. i says which page a row belongs to.
SELECT asked.i, page.*
  FROM unnest($2::integer[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::smallint[], $8::bigint[]) WITH ORDINALITY
       AS asked (account, ticket, requester, lower, upper, author, most, i)
 CROSS JOIN LATERAL ({page}) page
