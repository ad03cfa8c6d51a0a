use std::{num::NonZeroU32, sync::Arc};

use smtp_proto::{
    client::{Config, Receipt, RecipientStatus, RequestError},
    server,
    types::{ClientName, ForwardPath, Host},
};

use crate::{
    ClientBuilder, Error, Pool, PoolOptions,
    pool::double::{Memory, Task, World, run, to},
};

const MESSAGE: &[u8] = b"Subject: Hi\r\n\r\nHi\r\n";

fn client() -> ClientBuilder<Memory> {
    ClientBuilder::new(Config::new(ClientName::parse("client.example.org").unwrap()))
}

fn one(world: &World) -> Pool<Memory> {
    let options = PoolOptions {
        max_sessions: 1,
        ..PoolOptions::default()
    };
    Pool::new(client(), world.address(), options)
}

/// A server with limits for a session.
fn limited(limit: impl FnOnce(&mut server::Config)) -> Arc<World> {
    let mut config = server::Config::new(Host::parse("mx.example.org").unwrap());
    limit(&mut config);
    World::with(config)
}

#[test]
fn recipients_beyond_the_domains_of_a_session_receive_the_message_in_further_sessions() {
    let world = limited(|config| config.set_max_recipient_domains(NonZeroU32::new(2).unwrap()));
    let pool = one(&world);
    let outcome = |receipt: &Receipt| -> Vec<String> {
        let outcome = |(path, status): (&ForwardPath<'_>, RecipientStatus<'_>)| match status {
            RecipientStatus::Accepted(_) => path.to_string(),
            other => format!("{path} {other:?}"),
        };
        receipt.recipients().map(outcome).collect()
    };
    let receipt = run(pool.send(to("a@v b@w c@x d@V e@y f@z"), MESSAGE)).unwrap();
    assert_eq!(
        outcome(&receipt),
        ["<a@v>", "<d@V>", "<b@w>", "<c@x>", "<e@y>", "<f@z>"]
    );
    assert_eq!(world.messages(), [1, 1, 1]);
    assert_eq!((pool.idle(), pool.in_use()), (1, 0));
    // The idle session has reached its limit of domains, so it is replaced, too.
    let receipt = run(pool.send(to("a@v nobody@w c@x"), MESSAGE)).unwrap();
    assert_eq!(receipt.recipients().count(), 3);
    assert_eq!(receipt.finished(), 2);
    assert_eq!(world.messages(), [1, 1, 1, 1, 1]);
    // The receipt lists unsent recipients beside sent ones.
    let pool = one(&world);
    world.hold(true);
    let mut sending = Task::new(pool.send(to("a@v b@w c@x"), MESSAGE));
    assert!(sending.run().is_none());
    world.refuse(true);
    world.hold(false);
    let failed = sending.run().unwrap().unwrap_err();
    let status: Vec<_> = failed.receipt.recipients().map(|(_, status)| status).collect();
    assert!(matches!(
        *status,
        [
            RecipientStatus::Accepted(_),
            RecipientStatus::Accepted(_),
            RecipientStatus::NotAccepted
        ]
    ));
    assert!(matches!(failed.error, Error::Connect(_)), "{:?}", failed.error);
}

#[test]
fn recipients_beyond_the_transactions_of_a_session_receive_the_message_in_further_sessions() {
    let world = limited(|config| {
        config.set_max_transactions(NonZeroU32::MIN);
        config.set_max_recipients(NonZeroU32::MIN);
    });
    let pool = one(&world);
    assert!(run(pool.send(to("a@x b@x c@y"), MESSAGE)).unwrap().all_accepted());
    assert_eq!(world.messages(), [1, 1, 1]);
}

#[test]
fn a_session_alone_sends_to_no_more_domains_than_it_may() {
    let world = limited(|config| config.set_max_recipient_domains(NonZeroU32::new(2).unwrap()));
    let mut client = run(client().connect(world.address())).unwrap();
    let failed = run(client.send(to("a@x b@y c@z"), MESSAGE)).unwrap_err();
    assert!(matches!(
        failed.error,
        Error::Rejected(RequestError::TooManySessionDomains(2))
    ));
    let status: Vec<_> = failed.receipt.recipients().map(|(_, status)| status).collect();
    assert!(matches!(
        *status,
        [
            RecipientStatus::Accepted(_),
            RecipientStatus::Accepted(_),
            RecipientStatus::NotAccepted
        ]
    ));
}
