-- The tables of waxseal's revocation list. A server creates them, if it may; otherwise run this
-- once, and grant USAGE on the schema, and SELECT, INSERT, UPDATE and DELETE on its tables.
CREATE SCHEMA IF NOT EXISTS "waxseal";
CREATE TABLE IF NOT EXISTS "waxseal".head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    min_reader bigint NOT NULL,
    stamp bigint NOT NULL,
    random bigint NOT NULL,
    everyone bigint NOT NULL,
    issued_before bigint NOT NULL,
    absolute_timeout bigint NOT NULL,
    next bigint NOT NULL,
    overdue bigint NOT NULL,
    expired bigint NOT NULL,
    -- The number of rows in "sessions", and of those without a user.
    sessions bigint NOT NULL,
    without_user bigint NOT NULL
);
-- Without a user: 16 zero bytes. The row of the user 'list' shows that the table was not emptied.
CREATE TABLE IF NOT EXISTS "waxseal".sessions (
    "user" bytea NOT NULL,
    key bytea NOT NULL,
    since bigint NOT NULL,
    PRIMARY KEY ("user", key)
);
-- The row of the key 'list' shows that the table was not emptied.
CREATE TABLE IF NOT EXISTS "waxseal".users (
    key bytea PRIMARY KEY,
    cutoff bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS "waxseal".feed (
    stamp bigint PRIMARY KEY,
    random bigint NOT NULL,
    entry bytea NOT NULL
);
-- A write here shows that the server is a primary that can commit.
CREATE TABLE IF NOT EXISTS "waxseal".beat (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    random bigint NOT NULL
);
