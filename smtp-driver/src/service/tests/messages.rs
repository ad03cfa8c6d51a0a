//! The end of data: verdicts, and messages that are stored too late.

use std::{sync::Arc, time::Duration};

use super::harness::{Harness, Scripted, config};
use crate::shutdown::Stage;

const MESSAGE: &str = "MAIL FROM:<a@client.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n";

fn with_message(service: &Arc<Scripted>) -> Harness {
    let mut client = Harness::greeted(config(), service);
    client.send(MESSAGE);
    service.hold("message bob");
    client.send("one\r\n.\r\n");
    client.take_output();
    service.take_log();
    client
}

#[test]
fn lmtp_asks_for_each_recipient_in_order() {
    let service = Scripted::new();
    let mut client = Harness::greeted_lmtp(config(), &service);
    for name in ["one", "two", "three", "four"] {
        service.hold(name);
    }
    client.send(
        "MAIL FROM:<a@client.example>\r\nRCPT TO:<one@example.org>\r\nRCPT TO:<two@example.org>\r\n\
        RCPT TO:<three@example.org>\r\nRCPT TO:<four@example.org>\r\nDATA\r\n",
    );
    service.reject("two");
    service.reject("message three");
    for name in ["four", "two", "three", "one"] {
        service.release(name);
        client.poll();
    }
    client.take_output();
    service.take_log();
    client.send("text\r\n.\r\n");
    assert_eq!(
        client.take_output(),
        "250 2.6.0 stored 6 octets\r\n550 5.7.1 refused by policy\r\n250 2.6.0 stored 6 octets\r\n"
    );
    assert_eq!(
        service.take_log(),
        ["body", "message one", "message three", "message four"]
    );
    client.send("RSET\r\n");
    assert_eq!(service.take_log(), [""; 0], "the transaction is over");
}

#[test]
fn a_rejected_message_ends_the_transaction_without_reset() {
    let service = Scripted::new();
    let mut client = Harness::greeted(config(), &service);
    service.reject("message bob");
    client.send(MESSAGE);
    client.send("one\r\n.\r\n");
    assert!(client.take_output().ends_with("550 5.7.1 refused by policy\r\n"));
    client.send("RSET\r\n");
    assert_eq!(service.take_log().last().unwrap(), "message bob");
}

#[test]
fn a_late_message_does_not_end_the_session() {
    let service = Scripted::new();
    let mut client = with_message(&service);
    client.advance(Duration::from_secs(299));
    assert_eq!(client.take_output(), "");
    client.advance(Duration::from_secs(1));
    assert_eq!(client.take_output(), "451 4.3.0 local error, try again later\r\n");
    assert_eq!(service.take_log(), [""; 0], "neither dropped nor reset");

    // The session continues, but accepts no further message.
    client.send("NOOP\r\nMAIL FROM:<a@client.example>\r\n");
    assert_eq!(
        client.take_output(),
        "250 2.0.0 ok\r\n451 4.3.0 local error, try again later\r\n"
    );
    service.release("message bob");
    client.poll();
    assert_eq!(service.take_log(), ["reset 5 Unanswered"]);
    client.send(MESSAGE);
    assert!(client.take_output().ends_with("354 end with <CRLF>.<CRLF>\r\n"));
}

#[test]
fn a_late_message_outlives_its_session() {
    let service = Scripted::new();
    let mut client = with_message(&service);
    client.begin(Stage::Now);
    assert!(client.take_output().starts_with("421 4.3.2"));
    client.hang_up();
    assert_eq!(service.take_log(), ["closed Shutdown"]);
    assert!(client.is_shut_down() && !client.is_over());
    assert_eq!(client.connections(), 1, "the server waits for it");
    service.release("message bob");
    client.poll();
    assert_eq!(service.take_log(), ["reset 5 Closed"]);
    assert!(client.is_over());
    assert_eq!(client.connections(), 0);
}

#[test]
fn the_session_still_closes_after_a_late_message() {
    let service = Scripted::new();
    let mut client = with_message(&service);
    client.begin(Stage::Now);
    service.release("message bob");
    client.poll();
    assert_eq!(service.take_log(), ["closed Shutdown", "reset 5 Closed"]);
    assert!(
        client.is_shut_down() && !client.is_over(),
        "it waits for the client to read the reply and close"
    );
    client.hang_up();
    assert!(client.is_over());
}

#[test]
fn a_late_delivery_in_lmtp_answers_for_the_remaining_recipients() {
    let service = Scripted::new();
    let mut client = Harness::greeted_lmtp(config(), &service);
    client.send(
        "MAIL FROM:<a@client.example>\r\nRCPT TO:<one@example.org>\r\nRCPT TO:<two@example.org>\r\n\
        RCPT TO:<three@example.org>\r\nDATA\r\n",
    );
    service.hold("message two");
    client.send("text\r\n.\r\n");
    client.take_output();
    service.take_log();
    client.advance(Duration::from_secs(300));
    assert_eq!(client.take_output().matches("451 4.3.0").count(), 2);
    service.release("message two");
    client.poll();
    assert_eq!(service.take_log(), ["reset 6 Unanswered"]);
}

#[test]
fn a_graceful_shutdown_waits_for_the_verdict() {
    let service = Scripted::new();
    let mut client = with_message(&service);
    client.begin(Stage::Graceful);
    assert_eq!(client.take_output(), "");
    service.release("message bob");
    client.poll();
    assert_eq!(
        client.take_output(),
        "250 2.6.0 stored 5 octets\r\n421 4.3.2 closing for shutdown, try again later\r\n"
    );
    assert_eq!(service.take_log(), ["closed Shutdown"]);
}
