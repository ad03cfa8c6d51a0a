//! Messages that are sent again in a new session.

use super::*;

#[test]
fn a_message_is_sent_anew_if_the_server_had_closed_an_idle_session() {
    for end in [
        |world: &World| world.end(0, End::Closed),
        |world: &World| world.shut_down(0),
    ] {
        let world = World::new(Protocol::Smtp);
        let pool = pool(&world, |_| {});
        sent(&pool);
        end(&world);
        sent(&pool);
        assert_eq!(world.messages(), [1, 1]);
        assert_eq!((pool.idle(), pool.in_use()), (1, 0));
    }
}

#[test]
fn a_message_is_sent_anew_once() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |_| {});
    sent(&pool);
    world.end(0, End::Closed);
    world.refuse(true);
    let failed = run(send(&pool)).unwrap_err();
    assert!(matches!(failed.error, Error::Connect(_)));
    let status: Vec<_> = failed.receipt.recipients().map(|(_, status)| status).collect();
    assert_eq!(status, [RecipientStatus::NotAccepted]);
    assert_eq!((world.messages(), pool.idle(), pool.in_use()), (vec![1], 0, 0));
}

/// A new session that ends was not stale.
#[test]
fn a_message_is_not_sent_anew_after_a_new_session() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |_| {});
    world.hold(true);
    let mut task = Task::new(send(&pool));
    assert!(task.run().is_none());
    world.end(0, End::Closed);
    let failed = task.run().unwrap().unwrap_err();
    assert!(matches!(failed.error, Error::Closed { .. }));
    assert_eq!(world.seen().len(), 1);
}

#[test]
fn a_message_is_not_sent_anew_if_the_outcome_is_unknown() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |_| {});
    sent(&pool);
    world.end(0, End::ClosedAfter(0));
    let failed = run(send(&pool)).unwrap_err();
    assert_eq!(failed.error.retry(), Retry::Unknown);
    assert_eq!(world.messages(), [2]);
    assert_eq!((pool.idle(), pool.in_use()), (0, 0));
}

/// The first recipient has the message, the second one does not.
#[test]
fn a_message_is_not_sent_anew_if_some_of_it_was_accepted() {
    let world = World::new(Protocol::Lmtp);
    let mut config = Config::new(ClientName::parse("client.example.org").unwrap());
    config.protocol = Protocol::Lmtp;
    let pool = Pool::<Memory>::new(
        ClientBuilder::new(config),
        world.address(),
        PoolOptions::default(),
    );
    assert!(run(pool.send(to("a@x b@x"), MESSAGE)).unwrap().all_accepted());
    world.end(0, End::ClosedAfter(1));
    let failed = run(pool.send(to("a@x b@x"), MESSAGE)).unwrap_err();
    let status: Vec<_> = failed.receipt.recipients().map(|(_, status)| status).collect();
    assert!(matches!(
        *status,
        [RecipientStatus::Accepted(_), RecipientStatus::Unknown]
    ));
    assert_eq!(world.seen().len(), 1);
}

/// The server accepts one recipient at a time (RFC 9422), so this message needs two transactions.
#[test]
fn a_message_is_not_sent_anew_if_one_transaction_was_accepted() {
    let mut config = server::Config::new(Host::parse("mx.example.org").unwrap());
    config.set_max_recipients(NonZeroU32::MIN);
    let world = World::with(config);
    let pool = pool(&world, |_| {});
    sent(&pool);
    world.end(0, End::ClosedAtMail(1));
    let failed = run(pool.send(to("a@x b@x"), MESSAGE)).unwrap_err();
    let status: Vec<_> = failed.receipt.recipients().map(|(_, status)| status).collect();
    assert!(matches!(
        *status,
        [RecipientStatus::Accepted(_), RecipientStatus::NotAccepted]
    ));
    assert_eq!(world.messages(), [2]);
    // Before the first one nothing is lost.
    sent(&pool);
    world.end(1, End::ClosedAtMail(0));
    assert!(run(pool.send(to("a@x b@x"), MESSAGE)).unwrap().all_accepted());
    assert_eq!(world.messages(), [2, 1, 2]);
}
