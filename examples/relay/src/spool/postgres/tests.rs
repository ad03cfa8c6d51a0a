//! Stories about a database. `tests/relay.sh` starts one and runs them; its URL is in `RELAY_TEST_DATABASE`.

mod leases;
mod start;

use smtp_driver::Bytes;
use smtp_proto::types::Envelope;
use tokio::io::AsyncReadExt;
use tokio_postgres::types::ToSql;

use super::*;
use crate::spool::{Ending, Heard, Last, State, now, store};

const CONTENT: &[u8] = b"Subject: t\r\n\r\nhello\r\n";

const LEASE: Duration = Duration::from_secs(60);

/// A spool for one test, whose messages differ from those of other tests in their next hops.
struct Place {
    spool: Postgres,
    suffix: String,
}

fn url() -> String {
    std::env::var("RELAY_TEST_DATABASE").unwrap()
}

impl Place {
    async fn new() -> Self {
        Self::with(LEASE).await
    }

    async fn with(lease: Duration) -> Self {
        let suffix = format!("{:016x}.example", random());
        Self {
            spool: Postgres::open(&url(), Some(&suffix), lease).await.unwrap(),
            suffix,
        }
    }

    fn head(&self, recipients: &[&str]) -> Head {
        let addresses = recipients.iter().map(|name| format!("{name}.{}", self.suffix));
        let addresses: Vec<_> = addresses.collect();
        Head {
            id: Id::new(),
            accepted: now(),
            envelope: Envelope::parse("a@sender.example", &addresses).unwrap(),
            next_hops: addresses
                .iter()
                .map(|address| address.rsplit('@').next().unwrap().to_owned())
                .collect(),
        }
    }

    async fn put(&self, recipients: &[&str]) -> Id {
        let head = self.head(recipients);
        let id = head.id.clone();
        store(&self.spool, head, facts(CONTENT), &[CONTENT.into()])
            .await
            .unwrap();
        id
    }

    /// Claims what is due here.
    async fn claims(&self, spool: &Postgres) -> Vec<Claim> {
        let mut own = Vec::new();
        for claim in spool.claim(50, &HashSet::new()).await.unwrap() {
            if claim.next_hop.ends_with(&self.suffix) {
                own.push(claim);
            } else {
                spool.release(claim).await.unwrap();
            }
        }
        own
    }

    async fn listed(&self, id: &Id) -> Option<Listed> {
        let all = self.spool.list().await.unwrap();
        all.into_iter().find(|listed| listed.head.id == *id)
    }
}

fn facts(content: &[u8]) -> Facts {
    let octets = content.len() as u64;
    Facts {
        octets,
        size: octets,
        ..Facts::default()
    }
}

fn ended(n: usize) -> Progress {
    let state = State {
        attempts: 1,
        ending: Some(Ending::Delivered),
        ..State::default()
    };
    Progress { n, state }
}

fn later(n: usize) -> Progress {
    let last = Last {
        at: 5,
        status: "4.2.1".into(),
        text: "busy".into(),
    };
    let state = State {
        due: now() + 3_600_000,
        attempts: 1,
        noticed: true,
        last: Some(last),
        heard: Some(Heard {
            host: "mx1".into(),
            reply: "450 busy".into(),
        }),
        ..State::default()
    };
    Progress { n, state }
}

async fn text(spool: &Postgres, claim: &Claim) -> Vec<u8> {
    let mut content = Vec::new();
    let mut reader = spool.content(claim).await.unwrap();
    reader.read_to_end(&mut content).await.unwrap();
    content
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn a_message_is_claimed_read_and_finished() {
    let place = Place::new().await;
    let id = place.put(&["b@x", "c@y", "d@x"]).await;
    place.spool.ready(&HashSet::new()).await;
    let claims = place.claims(&place.spool).await;
    let mut hops: Vec<_> = claims
        .iter()
        .map(|claim| (claim.next_hop.to_string(), claim.recipients.len()))
        .collect();
    hops.sort();
    assert_eq!(
        hops,
        [
            (format!("x.{}", place.suffix), 2),
            (format!("y.{}", place.suffix), 1)
        ]
    );
    for claim in claims {
        assert_eq!(claim.head.id, id);
        assert_eq!(text(&place.spool, &claim).await, CONTENT);
        assert!(place.spool.renew(&claim).await.unwrap());
        assert!(place.listed(&id).await.is_some());
        let results = claim.recipients.iter().map(|(n, _)| ended(*n)).collect();
        place.spool.record(claim, results).await.unwrap();
    }
    assert!(place.listed(&id).await.is_none());
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn a_large_message_is_read_in_pieces() {
    let place = Place::new().await;
    let mut content = [b'x'; 62]
        .into_iter()
        .chain(*b"\r\n")
        .collect::<Vec<_>>()
        .repeat(40_000);
    content.extend(b"end\r\n");
    let pieces: Vec<Bytes> = content.chunks(100_000).map(Bytes::copy_from_slice).collect();
    let (head, facts) = (place.head(&["b@x"]), facts(&content));
    let id = head.id.clone();
    store(&place.spool, head, facts, &pieces).await.unwrap();
    let claim = place.claims(&place.spool).await.remove(0);
    assert_eq!(text(&place.spool, &claim).await, content);
    // A message that is deleted while it is read must not look complete.
    let mut reader = place.spool.content(&claim).await.unwrap();
    reader.read_exact(&mut [0; 10]).await.unwrap();
    assert!(place.spool.delete(&id).await.unwrap());
    assert!(reader.read_to_end(&mut Vec::new()).await.is_err());
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn results_are_kept_and_listed() {
    let place = Place::new().await;
    let id = place.put(&["b@x", "c@x"]).await;
    let claim = place.claims(&place.spool).await.remove(0);
    place.spool.record(claim, vec![ended(0), later(1)]).await.unwrap();
    let states = place.listed(&id).await.unwrap().states;
    assert_eq!(
        (states[0].ending, states[1].ending),
        (Some(Ending::Delivered), None)
    );
    assert_eq!((states[1].attempts, states[1].noticed), (1, true));
    let expected = later(1).state;
    assert_eq!(
        (&states[1].last, &states[1].heard),
        (&expected.last, &expected.heard)
    );
    assert!(states[1].due > now() + 3_000_000);
    assert!(place.claims(&place.spool).await.is_empty());
    assert!(place.spool.retry(Some(&id)).await.unwrap());
    let claim = place.claims(&place.spool).await.remove(0);
    assert_eq!(claim.recipients.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [1]);
    assert!(!place.spool.retry(Some(&Id::new())).await.unwrap());
    assert!(place.spool.delete(&id).await.unwrap());
    assert!(!place.spool.delete(&id).await.unwrap());
    assert!(!place.spool.renew(&claim).await.unwrap());
    place.spool.record(claim, vec![later(1)]).await.unwrap();
    assert!(place.listed(&id).await.is_none());
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn a_delivery_belongs_to_one_worker() {
    let place = Place::new().await;
    let other = Postgres::open(&url(), Some("other"), LEASE).await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(place.put(&["b@x", "c@x"]).await);
    }
    let mut claimed = Vec::new();
    while claimed.len() < 40 {
        let (a, b) = tokio::join!(place.claims(&place.spool), place.claims(&other));
        for (spool, claims) in [(&place.spool, a), (&other, b)] {
            for claim in claims {
                assert_eq!(claim.recipients.len(), 2);
                claimed.push(claim.head.id.clone());
                spool.record(claim, vec![ended(0), ended(1)]).await.unwrap();
            }
        }
    }
    claimed.sort();
    ids.sort();
    assert_eq!(claimed, ids);
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn two_results_at_a_time_remove_a_message() {
    let place = Place::new().await;
    for _ in 0..20 {
        let id = place.put(&["b@x", "c@y"]).await;
        let mut claims = place.claims(&place.spool).await;
        let (second, first) = (claims.remove(1), claims.remove(0));
        let (n, m) = (first.recipients[0].0, second.recipients[0].0);
        let both = tokio::join!(
            place.spool.record(first, vec![ended(n)]),
            place.spool.record(second, vec![ended(m)])
        );
        assert!(both.0.is_ok() && both.1.is_ok());
        assert!(place.listed(&id).await.is_none());
    }
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn next_hops_that_are_full_are_left() {
    let place = Place::new().await;
    let id = place.put(&["b@x", "c@y"]).await;
    let full = HashSet::from([Arc::from(format!("x.{}", place.suffix))]);
    let claims = place.spool.claim(50, &full).await.unwrap();
    assert!(claims.iter().all(|claim| !full.contains(&claim.next_hop)));
    assert!(claims.iter().any(|claim| claim.head.id == id));
    for claim in claims {
        place.spool.release(claim).await.unwrap();
    }
    assert!(place.spool.delete(&id).await.unwrap());
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn a_long_queue_for_a_next_hop_that_is_full_is_not_read() {
    const MESSAGES: &str = "insert into spool.message (id, reverse_path, size, content)
        select md5($1 || i)::uuid, '', 1, 'x' from generate_series(1, 5000) i";
    const DELIVERIES: &str = "insert into spool.delivery (message, n, next_hop, recipient, due)
        select md5($1 || i)::uuid, 0, 'x.' || $1, 'b@x', now() - interval '1 hour' from generate_series(1, 5000) i";
    const END: &str = "delete from spool.message m using spool.delivery d where d.message = m.id and d.next_hop = 'x.' || $1";
    let place = Place::new().await;
    let pool = &place.spool.0.pool;
    for sql in [MESSAGES, DELIVERIES] {
        assert_eq!(pool.execute(sql, &[&place.suffix]).await.unwrap(), 5000);
    }
    // As the server does it by itself after a while.
    pool.execute("analyze spool.delivery", &[]).await.unwrap();
    let id = place.put(&["c@y"]).await;
    let full = HashSet::from([Arc::from(format!("x.{}", place.suffix))]);
    place.spool.ready(&full).await;
    let mut claims = place.spool.claim(50, &full).await.unwrap();
    claims.retain(|claim| claim.head.id == id);
    let hops: Vec<&str> = full.iter().map(|hop| &**hop).collect();
    let lease = rows::lease(1, 1);
    let mut too_long = Vec::new();
    let claim: [&(dyn ToSql + Sync); 3] = [&vec![lease.as_str()], &1000_i64, &hops];
    for (sql, arguments) in [
        (sql::CLAIM, &claim[..]),
        (sql::CLAIM_OTHERS, &claim),
        (sql::NEXT_DUE, &[&hops]),
        (sql::NEXT_DUE_OTHERS, &[&hops]),
    ] {
        let explain: &'static str = Box::leak(format!("explain (analyze, costs off) {sql}").into_boxed_str());
        let plan = pool.query(explain, arguments).await.unwrap();
        for line in plan.iter().map(|row| row.get::<_, String>(0)) {
            let words = line.split(|c: char| !c.is_ascii_digit());
            let rows = words.filter_map(|digits| digits.parse::<u64>().ok()).max();
            // Rows that a step has read, or passed over.
            let counts = line.contains("actual") || line.contains("Removed");
            if counts && rows >= Some(5000) {
                too_long.push(line);
            }
        }
    }
    assert_eq!(pool.execute(END, &[&place.suffix]).await.unwrap(), 5000);
    assert!(place.spool.delete(&id).await.unwrap());
    assert_eq!(claims.len(), 1);
    assert!(too_long.is_empty(), "{too_long:#?}");
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn all_is_made_due_in_batches() {
    let place = Place::new().await;
    let id = place.put(&["b@x", "c@y"]).await;
    for claim in place.claims(&place.spool).await {
        let results = claim.recipients.iter().map(|(n, _)| later(*n)).collect();
        place.spool.record(claim, results).await.unwrap();
    }
    assert!(place.spool.waiting().await.unwrap() >= 2);
    assert!(place.spool.retry(None).await.unwrap());
    assert_eq!(place.spool.waiting().await.unwrap(), 0);
    let began = now();
    let claims = place.claims(&place.spool).await;
    assert_eq!(claims.len(), 2);
    for claim in claims {
        let tried = |(n, _): &(usize, State)| {
            let mut result = later(*n);
            result.state.last = Some(Last {
                at: now(),
                status: "4.4.1".into(),
                text: "down".into(),
            });
            result
        };
        let results = claim.recipients.iter().map(tried).collect();
        place.spool.record(claim, results).await.unwrap();
    }
    // They were tried meanwhile: else it would never end beside a worker.
    assert_eq!(place.spool.retry_some(began).await.unwrap(), 0);
    assert_eq!(place.spool.retry_some(now() + 1).await.unwrap(), 2);
    assert!(place.spool.delete(&id).await.unwrap());
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn a_message_is_stored_once_and_found_by_its_id() {
    let place = Place::new().await;
    let head = place.head(&["b@x"]);
    let id = head.id.clone();
    assert!(!place.spool.was_stored(&id).await);
    store(&place.spool, head.clone(), facts(CONTENT), &[CONTENT.into()])
        .await
        .unwrap();
    assert!(place.spool.was_stored(&id).await);
    assert!(
        store(&place.spool, head, facts(CONTENT), &[CONTENT.into()])
            .await
            .is_err()
    );
    assert!(place.spool.delete(&id).await.unwrap());
}

#[test]
fn an_error_about_a_url_hides_the_password() {
    let error = pool("postgres://relay:secret@localhost:port/mail", "test").unwrap_err();
    assert!(!format!("{error:?}").contains("secret"));
}
