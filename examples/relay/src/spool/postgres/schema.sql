-- The spool in PostgreSQL. Created in one transaction, under an advisory lock, if it does not exist.
create schema if not exists spool;

create table if not exists spool.message (
    id uuid primary key,
    accepted_at timestamptz not null default now(),
    -- Without angle brackets; empty for notifications.
    reverse_path text not null,
    envid text,
    ret smallint,               -- 0: HDRS, 1: FULL
    smtputf8 bool,
    body smallint,              -- 0: 7BIT, 1: 8BITMIME, 2: BINARYMIME
    require_tls bool,
    deliver_by timestamptz,
    by_mode "char",             -- R: return, N: notify
    priority smallint default 0,
    size bigint not null,       -- as SIZE counts
    content bytea not null,
    -- All parameters of MAIL as they were received: what the columns above are made of.
    parameters text not null default '',
    eight_bit bool not null default false,
    utf8_header bool not null default false,
    tls_optional bool not null default false
);

-- A message is compressed badly, and read in pieces.
alter table spool.message alter column content set storage external;

create table if not exists spool.delivery (
    message uuid references spool.message on delete cascade,
    n int,                      -- index in the envelope
    next_hop text not null,
    recipient text not null,
    orcpt text,
    notify smallint,            -- 1: SUCCESS, 2: FAILURE, 4: DELAY; 0: NEVER
    due timestamptz not null,   -- infinity after the end
    attempts int default 0,
    lease uuid,                 -- the first half names the process
    lease_until timestamptz,
    last_status text,
    last_reply text,
    -- All parameters of RCPT as they were received.
    parameters text not null default '',
    ending smallint,            -- 1: delivered, 2: failed
    noticed bool not null default false,
    owed text,                  -- the host that took the message, if the report about this is not stored yet
    last_at timestamptz,
    heard_host text,            -- the last host that refused, and its reply
    heard_reply text,
    primary key (message, n)
);

-- For a table that an earlier version created.
alter table spool.delivery add column if not exists owed text;

create index if not exists delivery_due on spool.delivery (due) where lease is null;
create index if not exists delivery_lease_until on spool.delivery (lease_until) where lease is not null;
create index if not exists delivery_next_hop_due on spool.delivery (next_hop, due);
