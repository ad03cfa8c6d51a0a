//! Leases that expire, are returned, or are reclaimed.

use super::*;

const HELD: &str = "select 1 from spool.delivery where next_hop like '%' || $1::text and lease is not null";

/// Waits until the leases of a place have expired and were returned. Leases no message.
async fn expired(place: &Place) {
    let all = async {
        while !place
            .spool
            .0
            .pool
            .query(HELD, &[&place.suffix])
            .await
            .unwrap()
            .is_empty()
        {
            assert!(place.spool.take(0, &HashSet::new()).await.unwrap().is_empty());
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), all).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn a_lease_that_ran_out_is_claimed_by_another_and_cannot_be_renewed() {
    let place = Place::with(Duration::from_millis(300)).await;
    place.put(&["b@x"]).await;
    let late = place.claims(&place.spool).await.remove(0);
    expired(&place).await;
    let claim = place.claims(&place.spool).await.remove(0);
    assert!(!place.spool.renew(&late).await.unwrap());
    assert!(place.spool.renew(&claim).await.unwrap());
    // The results of the late one do not count.
    place.spool.record(late, vec![later(0)]).await.unwrap();
    assert!(place.spool.renew(&claim).await.unwrap());
    place.spool.record(claim, vec![ended(0)]).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn an_end_counts_after_the_lease_unless_another_process_has_it() {
    let place = Place::with(Duration::from_millis(300)).await;
    let id = place.put(&["b@x", "c@x"]).await;
    let late = place.claims(&place.spool).await.remove(0);
    expired(&place).await;
    place
        .spool
        .record(late.clone(), vec![ended(0), later(1)])
        .await
        .unwrap();
    let states = place.listed(&id).await.unwrap().states;
    assert_eq!(
        (states[0].ending, states[1].attempts),
        (Some(Ending::Delivered), 0)
    );
    // A host accepted the message, and the spool must still store its report.
    let owed = Progress {
        n: 1,
        state: State {
            owed: Some("mx1".into()),
            ..later(1).state
        },
    };
    place
        .spool
        .record(late.clone(), vec![owed.clone()])
        .await
        .unwrap();
    let states = place.listed(&id).await.unwrap().states;
    assert_eq!((&states[1].owed, states[1].ending), (&owed.state.owed, None));
    place.spool.retry(Some(&id)).await.unwrap();
    let claim = place.claims(&place.spool).await.remove(0);
    assert_eq!(claim.recipients[0].1.owed, owed.state.owed);
    place.spool.record(claim, vec![ended(1)]).await.unwrap();
    assert!(place.listed(&id).await.is_none());
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn a_returned_lease_is_due_without_an_attempt() {
    let place = Place::new().await;
    place.put(&["b@x"]).await;
    let claim = place.claims(&place.spool).await.remove(0);
    assert!(place.claims(&place.spool).await.is_empty());
    place.spool.release(claim).await.unwrap();
    let claim = place.claims(&place.spool).await.remove(0);
    assert_eq!(claim.recipients[0].1.attempts, 0);
    place.spool.record(claim, vec![ended(0)]).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn a_process_reclaims_leases_of_its_predecessor_but_not_of_a_live_process() {
    let place = Place::new().await;
    place.put(&["b@x"]).await;
    assert_eq!(place.claims(&place.spool).await.len(), 1);
    let name = Some(place.suffix.as_str());
    let beside = Postgres::open(&url(), name, LEASE).await.unwrap();
    assert!(place.claims(&beside).await.is_empty());
    let Place { spool, suffix } = place;
    drop(spool);
    // The task that keeps the name ends within a second.
    sleep(Duration::from_millis(1500)).await;
    let spool = Postgres::open(&url(), Some(&suffix), LEASE).await.unwrap();
    let place = Place { spool, suffix };
    let claim = place.claims(&place.spool).await.remove(0);
    place.spool.record(claim, vec![ended(0)]).await.unwrap();
}
