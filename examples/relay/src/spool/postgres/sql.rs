//! The statements. Each is a transaction of its own, except for those of [`record`](super::Postgres).

/// A statement that leases deliveries of a list of those that are due, `oldest`.
macro_rules! claim {
    ($oldest:literal) => {
        concat!(
            "with ",
            $oldest,
            ",
waiting as materialized (
    select message, next_hop, min(due) as due from oldest where next_hop <> all($3::text[]) group by message, next_hop
    order by min(due) limit 4 * cardinality($1::text[])),
first as materialized (
    select d.message, d.next_hop from waiting join spool.delivery d on d.message = waiting.message and d.n = (
        select o.n from spool.delivery o where o.message = waiting.message and o.next_hop = waiting.next_hop
            and o.lease is null and o.due <= now() order by o.n limit 1)
    where d.lease is null and d.due <= now()
    order by waiting.due limit cardinality($1::text[]) for update of d skip locked),
numbered as (select *, row_number() over () as i from first)
update spool.delivery d
set lease = ($1::text[])[numbered.i]::uuid, lease_until = now() + $2::bigint * interval '1 millisecond'
from numbered
where d.message = numbered.message and d.next_hop = numbered.next_hop and d.lease is null and d.due <= now()
returning d.message::text, d.n, d.next_hop, d.lease::text"
        )
    };
}

/// The tables, made if they are missing.
pub(super) const SCHEMA: &str = include_str!("schema.sql");

/// Serialises the making of the tables: a number of no meaning.
pub(super) const SCHEMA_LOCK: &str = "select pg_advisory_xact_lock(7308620155264560498)";

/// Returns true if the tables are there with all columns. Rights to make a schema are needed only if not.
pub(super) const HAS_SCHEMA: &str = "
select to_regclass('spool.delivery_next_hop_due') is not null and exists (
    select from pg_attribute where attrelid = to_regclass('spool.delivery') and attname = 'owed')";

/// The settings of a session: warnings are seen, and a commit is never answered before it is durable.
pub(super) const SESSION: &str = "set client_min_messages = warning; set default_transaction_isolation = 'read committed'; \
     select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'";

/// Stores a message and its deliveries.
pub(super) const INSERT: &str = r#"
with message as (
    insert into spool.message (id, accepted_at, reverse_path, envid, ret, smtputf8, body, require_tls, deliver_by, by_mode,
        priority, size, content, parameters, eight_bit, utf8_header, tls_optional)
    values ($1::text::uuid, to_timestamp($2::bigint / 1000.0), $3, $4, $5, $6, $7, $8, to_timestamp($9::bigint / 1000.0),
        $10::text::"char", $11, $12, $13, $14, $15, $16, $17)
    returning id)
insert into spool.delivery (message, n, next_hop, recipient, orcpt, notify, parameters, due)
select message.id, (r.n - 1)::int, r.next_hop, r.recipient, r.orcpt, r.notify, r.parameters, now()
from message, unnest($18::text[], $19::text[], $20::text[], $21::smallint[], $22::text[])
    with ordinality as r (next_hop, recipient, orcpt, notify, parameters, n)"#;

/// Finds a message whose COMMIT was not answered. As a write it waits for standby servers as the COMMIT did.
pub(super) const FIND: &str = "update spool.message set size = size where id = $1::text::uuid";

/// Leases what is due: $1 are the leases, $2 their milliseconds, $3 the next hops that are full.
///
/// The first recipient of a delivery stands for it, so that one worker gets all of them. Only the oldest are looked at, so that
/// a long queue of next hops that are full costs nothing: [`CLAIM_OTHERS`] passes it.
pub(super) const CLAIM: &str = claim!(
    "oldest as materialized (
    select message, next_hop, due from spool.delivery where lease is null and due <= now() order by due limit 1000)"
);

/// As [`CLAIM`], if the oldest are all for next hops that are full: goes from one next hop to the next in the index, and takes
/// the oldest of each.
pub(super) const CLAIM_OTHERS: &str = claim!(
    "recursive hop as (
    (select next_hop, due from spool.delivery where lease is null order by next_hop, due limit 1)
    union all
    select other.next_hop, other.due from hop, lateral (select d.next_hop, d.due from spool.delivery d
        where d.lease is null and d.next_hop > hop.next_hop order by d.next_hop, d.due limit 1) other),
oldest as materialized (
    select d.message, d.next_hop, d.due from (
        select next_hop from hop where due <= now() and next_hop <> all($3::text[]) order by due limit 50) free,
    lateral (select message, next_hop, due from spool.delivery
        where next_hop = free.next_hop and lease is null and due <= now() order by due limit 50) d)"
);

/// Gives back leases that ran out.
pub(super) const FREE_EXPIRED: &str = "
update spool.delivery d set lease = null, lease_until = null
from (select message, n from spool.delivery where lease is not null and lease_until < now()
    order by lease_until limit 1000 for update skip locked) late
where d.message = late.message and d.n = late.n";

/// Gives back the leases between two numbers: those of a process.
pub(super) const FREE_RANGE: &str = "
update spool.delivery set lease = null, lease_until = null
where lease is not null and lease >= $1::text::uuid and lease <= $2::text::uuid";

/// Gives back single leases.
pub(super) const FREE: &str = "
update spool.delivery set lease = null, lease_until = null
where lease is not null and lease = any($1::text[]::uuid[])";

/// Renews a lease.
pub(super) const RENEW: &str = "
update spool.delivery set lease_until = now() + $3::bigint * interval '1 millisecond'
where message = $1::text::uuid and lease = $2::text::uuid";

/// The messages of a list of ids.
pub(super) const MESSAGES: &str = "
select id::text, round(extract(epoch from accepted_at) * 1000)::bigint, reverse_path, parameters,
    size, octet_length(content)::bigint, eight_bit, utf8_header, tls_optional
from spool.message where id = any($1::text[]::uuid[])";

/// All messages, the oldest first.
pub(super) const ALL_MESSAGES: &str = "
select id::text, round(extract(epoch from accepted_at) * 1000)::bigint, reverse_path, parameters,
    size, octet_length(content)::bigint, eight_bit, utf8_header, tls_optional
from spool.message order by accepted_at, id";

/// The deliveries of a list of messages.
pub(super) const DELIVERIES: &str = "
select message::text, n, next_hop, recipient, parameters,
    case when ending is null then round(extract(epoch from due) * 1000)::bigint else 0 end,
    coalesce(attempts, 0), ending, noticed, round(extract(epoch from last_at) * 1000)::bigint,
    last_status, last_reply, heard_host, heard_reply, owed
from spool.delivery where message = any($1::text[]::uuid[]) order by message, n";

/// A piece of the content: $2 octets are skipped, $3 are read.
pub(super) const CONTENT: &str =
    "select substring(content from $2::int + 1 for $3::int) from spool.message where id = $1::text::uuid";

/// Makes sure that one transaction at a time records results of a message: the last one removes it.
pub(super) const LOCK: &str = "select 1 from spool.message where id = $1::text::uuid for update";

/// Records results, and ends the lease. The end of a recipient, and that a host took the message, count even if the lease ran out, as
/// long as no other process has it.
pub(super) const RECORD: &str = "
update spool.delivery d
set due = case when r.ending is null then to_timestamp(r.due / 1000.0) else 'infinity' end,
    attempts = r.attempts, ending = r.ending, noticed = r.noticed, last_at = to_timestamp(r.last_at / 1000.0),
    last_status = r.last_status, last_reply = r.last_reply, heard_host = r.heard_host,
    heard_reply = r.heard_reply, owed = r.owed, lease = null, lease_until = null
from unnest($3::int[], $4::bigint[], $5::int[], $6::smallint[], $7::bool[], $8::bigint[], $9::text[], $10::text[], $11::text[],
    $12::text[], $13::text[]) as r (n, due, attempts, ending, noticed, last_at, last_status, last_reply, heard_host, heard_reply, owed)
where d.message = $1::text::uuid and d.n = r.n
    and (d.lease = $2::text::uuid
        or d.lease is null and d.ending is null and (r.ending is not null or r.owed is not null))";

/// Ends a lease of which some recipients have no result.
pub(super) const RELEASE: &str = "
update spool.delivery set lease = null, lease_until = null
where message = $1::text::uuid and lease = $2::text::uuid";

/// Removes a message if all its recipients have ended.
pub(super) const REMOVE_ENDED: &str = "
delete from spool.message where id = $1::text::uuid
    and not exists (select from spool.delivery where message = $1::text::uuid and ending is null)";

/// Removes a message.
pub(super) const DELETE: &str = "delete from spool.message where id = $1::text::uuid";

/// Makes a message due now, except for deliveries that are leased.
pub(super) const RETRY: &str = "
update spool.delivery set due = now()
where message = $1::text::uuid and lease is null and ending is null and due > now()";

/// Makes some deliveries due now that are not leased, and were not tried since the time $1 in milliseconds.
pub(super) const RETRY_SOME: &str = "
update spool.delivery d set due = now()
from (select message, n from spool.delivery where lease is null and ending is null and due > now() and due < 'infinity'
    and (last_at is null or last_at < to_timestamp($1::bigint / 1000.0))
    order by due limit 1000 for update skip locked) batch
where d.message = batch.message and d.n = batch.n";

/// The number of deliveries for [`RETRY_SOME`].
pub(super) const WAITING: &str = "select count(*) from spool.delivery where lease is null and ending is null and due > now() and due < 'infinity'";

/// Returns a row if there is the message.
pub(super) const KNOWN: &str = "select 1 from spool.message where id = $1::text::uuid";

/// The seconds until something is due, among the oldest: null if none of them is for a next hop that takes it. And the seconds
/// until a lease runs out: null if there is none.
pub(super) const NEXT_DUE: &str = "
select (extract(epoch from (
        select due from (select due, next_hop from spool.delivery where lease is null and due < 'infinity' order by due limit 1000) oldest
        where next_hop <> all($1::text[]) order by due limit 1)) - extract(epoch from now()))::float8,
    (extract(epoch from (
        select lease_until from spool.delivery where lease is not null order by lease_until limit 1)) - extract(epoch from now()))::float8";

/// As [`NEXT_DUE`], from one next hop to the next in the index.
pub(super) const NEXT_DUE_OTHERS: &str = "
with recursive hop as (
    (select next_hop, due from spool.delivery where lease is null order by next_hop, due limit 1)
    union all
    select other.next_hop, other.due from hop, lateral (select d.next_hop, d.due from spool.delivery d
        where d.lease is null and d.next_hop > hop.next_hop order by d.next_hop, d.due limit 1) other)
select (extract(epoch from min(due)) - extract(epoch from now()))::float8
from hop where due < 'infinity' and next_hop <> all($1::text[])";

/// The number of a name.
pub(super) const NUMBER: &str = "select hashtextextended('relay ' || $1::text, 0)";

/// Takes a number as long as the session lasts. Returns false if another session has it.
pub(super) const TAKE_NUMBER: &str = "select pg_try_advisory_lock($1::bigint)";
