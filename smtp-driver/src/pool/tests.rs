use std::{num::NonZeroU32, sync::Arc, thread};

use smtp_proto::{
    client::{Config, RecipientStatus, RequestError, Retry},
    server,
    types::{ClientName, Host, Protocol},
};

use super::{
    double::{End, Memory, Seen, Task, World, run, to},
    *,
};

mod resend;

const MESSAGE: &[u8] = b"Subject: Hi\r\n\r\nHi\r\n";

fn pool(world: &World, options: impl FnOnce(&mut PoolOptions)) -> Pool<Memory> {
    let config = Config::new(ClientName::parse("client.example.org").unwrap());
    let mut with = PoolOptions::default();
    options(&mut with);
    Pool::new(ClientBuilder::new(config), world.address(), with)
}

fn one(world: &World) -> Pool<Memory> {
    pool(world, |options| options.max_sessions = 1)
}

async fn send(pool: &Pool<Memory>) -> Result<Receipt, SendError<std::io::Error>> {
    pool.send(to("bob@example.net"), MESSAGE).await
}

fn sent(pool: &Pool<Memory>) {
    assert!(run(send(pool)).unwrap().all_accepted());
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_session_is_used_again() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |_| {});
    (0..3).for_each(|_| sent(&pool));
    assert_eq!(world.messages(), [3]);
    assert_eq!((pool.idle(), pool.in_use()), (1, 0));
    let shown = format!("{pool:?}");
    assert!(
        shown.contains("max_messages: 100") && shown.contains("idle: 1, in_use: 0"),
        "{shown}"
    );
}

#[test]
fn a_refused_message_does_not_end_the_session() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |_| {});
    // Without recipients nothing is sent.
    let refused = run(pool.send(to(""), MESSAGE)).unwrap_err();
    assert!(matches!(
        refused.error,
        Error::Rejected(RequestError::NoRecipients)
    ));
    sent(&pool);
    // Neither is it sent anew: the server did answer.
    let refused = run(pool.send(to("nobody@example.net"), MESSAGE)).unwrap();
    assert!(!refused.all_accepted());
    sent(&pool);
    assert_eq!(world.messages(), [2]);
}

#[test]
fn sessions_are_bounded_and_messages_wait_in_order() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |options| options.max_sessions = 2);
    world.hold(true);
    let mut tasks: Vec<_> = (0..5).map(|_| Task::new(send(&pool))).collect();
    tasks.iter_mut().for_each(|task| assert!(task.run().is_none()));
    assert_eq!((pool.in_use(), pool.waiting()), (2, 3));
    world.hold(false);
    // One after the other, whichever is asked first.
    for index in [4, 3, 2] {
        assert!(tasks[index].run().is_none());
    }
    for task in &mut tasks {
        assert!(task.run().unwrap().unwrap().all_accepted());
    }
    assert_eq!(world.messages().iter().sum::<usize>(), 5);
    assert_eq!(world.messages().len(), 2);
}

#[test]
fn a_newcomer_does_not_overtake() {
    let world = World::new(Protocol::Smtp);
    let pool = one(&world);
    world.hold(true);
    let mut first = Task::new(send(&pool));
    let mut second = Task::new(send(&pool));
    assert!(first.run().is_none() && second.run().is_none());
    world.hold(false);
    assert!(first.run().unwrap().is_ok());
    // The session is idle, but it is the second one's.
    let mut third = Task::new(send(&pool));
    assert!(third.run().is_none());
    assert!(second.run().unwrap().is_ok());
    assert!(third.run().unwrap().is_ok());
    assert_eq!(world.messages(), [3]);
}

#[test]
fn a_dropped_waiter_passes_its_turn_on() {
    let world = World::new(Protocol::Smtp);
    let pool = one(&world);
    world.hold(true);
    let mut tasks: Vec<_> = (0..4).map(|_| Task::new(send(&pool))).collect();
    tasks.iter_mut().for_each(|task| assert!(task.run().is_none()));
    // One that waits, before its turn.
    drop(tasks.remove(1));
    world.hold(false);
    assert!(tasks.remove(0).run().is_some());
    // One whose turn it is, before it knows.
    drop(tasks.remove(0));
    assert!(tasks.remove(0).run().unwrap().is_ok());
    assert_eq!((pool.idle(), pool.in_use(), pool.waiting()), (1, 0, 0));
}

#[test]
fn a_dropped_send_drops_its_session() {
    let world = World::new(Protocol::Smtp);
    let pool = one(&world);
    sent(&pool);
    world.hold(true);
    let mut task = Task::new(send(&pool));
    assert!(task.run().is_none());
    drop(task);
    assert_eq!((pool.idle(), pool.in_use()), (0, 0));
    assert!(!world.seen()[0].connected);
    world.hold(false);
    sent(&pool);
    assert_eq!(world.messages(), [1, 1]);
}

#[test]
fn a_session_ends_after_its_messages() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |options| options.max_messages = 2);
    (0..5).for_each(|_| sent(&pool));
    let ended = Seen {
        messages: 2,
        quit: true,
        connected: false,
    };
    assert_eq!(world.seen()[0], ended);
    assert_eq!(world.seen()[1], ended);
    assert_eq!(world.messages(), [2, 2, 1]);
}

#[test]
fn an_old_session_ends() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |options| options.max_age = seconds(30));
    sent(&pool);
    for _ in 0..4 {
        world.advance(seconds(10));
        sent(&pool);
    }
    // After 30 seconds it is not too old.
    assert_eq!(world.messages(), [4, 1]);
    assert!(world.seen()[0].quit);
}

#[test]
fn a_session_that_was_idle_for_long_ends() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |options| options.max_idle = seconds(20));
    sent(&pool);
    world.advance(seconds(20));
    pool.end_expired();
    assert_eq!(pool.idle(), 1);
    world.advance(seconds(1));
    pool.end_expired();
    assert_eq!(pool.idle(), 0);
    assert!(world.seen()[0].quit && !world.seen()[0].connected);
    sent(&pool);
    world.advance(seconds(21));
    sent(&pool);
    assert_eq!(world.messages(), [1, 1, 1]);
}

#[test]
fn each_message_begins_the_idle_time_anew() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |_| {});
    for _ in 0..4 {
        sent(&pool);
        world.advance(seconds(40));
    }
    assert_eq!(world.messages(), [4]);
}

#[test]
fn an_idle_session_is_checked() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |_| {});
    sent(&pool);
    world.advance(seconds(6));
    sent(&pool);
    assert_eq!(world.messages(), [2]);
    world.advance(seconds(6));
    world.end(0, End::Closed);
    sent(&pool);
    assert_eq!(world.messages(), [2, 1]);
    assert_eq!(pool.idle(), 1);
}

#[test]
fn a_check_without_a_reply_ends_in_time() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |_| {});
    sent(&pool);
    world.advance(seconds(6));
    world.end(0, End::Gone);
    let mut task = Task::new(send(&pool));
    assert!(task.run().is_none());
    world.advance(seconds(9));
    assert!(task.run().is_none());
    world.advance(seconds(1));
    assert!(task.run().unwrap().unwrap().all_accepted());
    assert_eq!(world.messages(), [1, 1]);
    assert!(!world.seen()[0].connected);
}

/// It was idle for too short a time to be checked.
#[test]
fn a_session_at_its_limit_of_messages_is_replaced() {
    let mut config = server::Config::new(Host::parse("mx.example.org").unwrap());
    config.set_max_transactions(NonZeroU32::MIN);
    let world = World::with(config);
    let pool = pool(&world, |_| {});
    (0..3).for_each(|_| sent(&pool));
    assert_eq!(world.messages(), [1, 1, 1]);
    assert!(world.seen()[0].quit && world.seen()[1].quit);
}

#[test]
fn a_session_at_its_limit_of_domains_is_replaced() {
    let mut config = server::Config::new(Host::parse("mx.example.org").unwrap());
    config.set_max_recipient_domains(NonZeroU32::MIN);
    let world = World::with(config);
    let pool = pool(&world, |_| {});
    for recipient in ["a@x", "b@x", "a@y", "b@y"] {
        assert!(run(pool.send(to(recipient), MESSAGE)).unwrap().all_accepted());
    }
    assert_eq!(world.messages(), [2, 2]);
}

#[test]
fn a_failed_connection_frees_its_place() {
    let world = World::new(Protocol::Smtp);
    let pool = one(&world);
    world.refuse(true);
    assert!(run(send(&pool)).is_err());
    world.refuse(false);
    sent(&pool);
}

#[test]
fn a_dropped_close_is_continued_by_the_next_close() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |options| options.max_sessions = 2);
    sent(&pool);
    world.hold(true);
    let mut task = Task::new(send(&pool));
    assert!(task.run().is_none());
    let mut close = Task::new(pool.close());
    assert!(close.run().is_none());
    drop(close);
    // It stays closed, and still waits for the session in use.
    assert!(matches!(run(send(&pool)).unwrap_err().error, Error::PoolClosed));
    let mut close = Task::new(pool.close());
    assert!(close.run().is_none());
    world.hold(false);
    assert!(task.run().unwrap().unwrap().all_accepted());
    assert!(close.run().is_some());
    assert_eq!((pool.idle(), pool.in_use()), (0, 0));
    assert!(world.seen().iter().all(|seen| seen.quit));
}

#[test]
fn a_closed_pool_ends_idle_sessions_and_waits_for_those_in_use() {
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |options| options.max_sessions = 2);
    world.hold(true);
    let mut tasks: Vec<_> = (0..3).map(|_| Task::new(send(&pool))).collect();
    tasks.iter_mut().for_each(|task| assert!(task.run().is_none()));
    let mut close = Task::new(pool.close());
    assert!(close.run().is_none());
    // The one that waits is not sent.
    let failed = tasks.remove(2).run().unwrap().unwrap_err();
    assert!(matches!(failed.error, Error::PoolClosed));
    world.hold(false);
    assert!(tasks[0].run().unwrap().is_ok());
    assert!(close.run().is_none());
    assert!(tasks[1].run().unwrap().is_ok());
    assert!(close.run().is_some());
    let quit = Seen {
        messages: 1,
        quit: true,
        connected: false,
    };
    assert!(world.seen().iter().all(|seen| *seen == quit));
    assert!(matches!(run(send(&pool)).unwrap_err().error, Error::PoolClosed));
    run(pool.close());
}

#[test]
fn threads_share_a_pool() {
    let world = World::new(Protocol::Smtp);
    let pool = Arc::new(pool(&world, |options| {
        options.max_sessions = 3;
        options.max_messages = usize::MAX;
    }));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope
                .spawn(|| (0..20).for_each(|_| assert!(futures_lite::future::block_on(send(&pool)).is_ok())));
        }
    });
    assert_eq!(world.messages().iter().sum::<usize>(), 160);
    assert!(world.messages().len() <= 3);
    futures_lite::future::block_on(pool.close());
    assert!(world.seen().iter().all(|seen| seen.quit));
}

/// A task of a runtime may be moved between threads.
#[test]
fn a_pool_and_its_futures_can_be_sent() {
    fn can_be_sent(_: &(impl Send + Sync)) {}
    fn future_can_be_sent(_: &impl Send) {}
    let world = World::new(Protocol::Smtp);
    let pool = pool(&world, |_| {});
    can_be_sent(&pool);
    future_can_be_sent(&send(&pool));
    future_can_be_sent(&pool.close());
    // Each task that sends holds one.
    assert!(size_of_val(&send(&pool)) <= 2048);
}
