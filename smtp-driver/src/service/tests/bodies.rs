//! Message data: back-pressure, deadlines, refusals.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use smtp_proto::{
    server::Shutdown,
    types::{Mail, Rcpt, Rejection},
};

use super::harness::{Harness, Scripted, config};
use crate::{About, Accept, Service, shutdown::Stage};

const MESSAGE: &str = "one\r\n..two\r\n.\r\n";

fn with_data(service: &Arc<Scripted>) -> Harness {
    let mut client = Harness::greeted(config(), service);
    client.send("MAIL FROM:<a@client.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n");
    assert!(client.take_output().ends_with("354 end with <CRLF>.<CRLF>\r\n"));
    service.take_log();
    client
}

#[test]
fn nothing_is_read_while_the_service_uses_octets() {
    let service = Scripted::new();
    let mut client = with_data(&service);
    service.hold("body");
    client.send("one\r\n..two\r\nthree\r\n");
    assert_eq!(service.take_log(), ["body"]);
    client.send("four\r\n");
    client.send("five\r\n.\r\n");
    assert_eq!(client.unread(), "four\r\nfive\r\n.\r\n".len());
    assert_eq!(service.take_log(), [""; 0]);

    // The service first receives the rest of the octets that were read, and then later input in its turn.
    service.release("body");
    client.poll();
    assert_eq!(client.unread(), 0);
    let log = service.take_log();
    assert!(log.iter().filter(|call| *call == "body").count() >= 2, "{log:?}");
    assert_eq!(log.last().unwrap(), "message bob");
    assert_eq!(client.take_output(), "250 2.6.0 stored 30 octets\r\n");
}

#[test]
fn a_stalled_service_loses_the_message_but_not_the_session() {
    let service = Scripted::new();
    let mut client = with_data(&service);
    service.hold("body");
    client.send(MESSAGE);
    client.advance(Duration::from_secs(59));
    assert_eq!(service.take_log(), ["body"]);
    client.advance(Duration::from_secs(1));
    assert_eq!(client.take_output(), "451 4.3.0 local error, try again later\r\n");
    assert_eq!(service.take_log(), ["body dropped", "reset 5 Refused"]);
    client.send("NOOP\r\n");
    assert_eq!(client.take_output(), "250 2.0.0 ok\r\n");
}

#[test]
fn the_time_of_the_service_is_not_that_of_the_client() {
    let service = Scripted::new();
    let mut config = config();
    config.timeouts.data = Duration::from_secs(10);
    config.timeouts.command = Duration::from_secs(10);
    let mut client = Harness::greeted(config, &service);
    client.send("MAIL FROM:<a@client.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n");
    service.hold("body");
    client.send("one\r\n");
    client.advance(Duration::from_secs(50));
    service.release("body");
    client.poll();
    client.advance(Duration::from_secs(5));
    client.send(".\r\n");
    assert!(client.take_output().ends_with("250 2.6.0 stored 5 octets\r\n"));
}

#[test]
fn a_refusal_discards_the_rest() {
    let service = Scripted::new();
    let mut client = with_data(&service);
    service.reject("body");
    client.send("one\r\n");
    assert_eq!(service.take_log(), ["body"]);
    client.send("two\r\nthree\r\n");
    assert_eq!(client.take_output(), "");
    client.send(".\r\n");
    assert_eq!(client.take_output(), "550 5.7.1 refused by policy\r\n");
    assert_eq!(service.take_log(), ["reset 5 Refused"]);
}

#[test]
fn a_chunk_whose_beginning_is_not_answered_in_time_is_refused() {
    let service = Scripted::new();
    let mut client = Harness::greeted(config(), &service);
    service.hold("begin bob");
    client.send("MAIL FROM:<a@client.example>\r\nRCPT TO:<bob@example.org>\r\nBDAT 5 LAST\r\none");
    client.take_output();
    service.take_log();
    client.advance(Duration::from_secs(60));
    assert_eq!(service.take_log(), ["begin bob dropped"]);
    client.send("\r\n");
    assert_eq!(client.take_output(), "451 4.3.0 local error, try again later\r\n");
    assert_eq!(service.take_log(), ["reset 0 Refused"]);
}

#[test]
fn replies_are_written_while_the_service_uses_octets() {
    let service = Scripted::new();
    let mut client = Harness::greeted(config(), &service);
    service.hold("second body");
    client.send("MAIL FROM:<a@client.example>\r\nRCPT TO:<bob@example.org>\r\n");
    client.take_output();
    client.send("BDAT 5\r\nfirstBDAT 6 LAST\r\nsecond");
    assert_eq!(client.take_output(), "250 2.0.0 chunk ok\r\n");
    service.release("second body");
    client.poll();
    assert_eq!(client.take_output(), "250 2.6.0 stored 11 octets\r\n");
}

#[test]
fn a_shutdown_does_not_wait_for_the_octets() {
    let service = Scripted::new();
    let mut client = with_data(&service);
    service.hold("body");
    client.send("one\r\n");
    client.begin(Stage::Graceful);
    assert_eq!(client.take_output(), "");
    client.begin(Stage::Now);
    assert!(client.take_output().starts_with("421 4.3.2 closing for shutdown"));
    assert_eq!(
        service.take_log(),
        ["body", "body dropped", "reset 5 Closed", "closed Shutdown"]
    );
}

#[test]
fn a_graceful_shutdown_waits_for_the_message() {
    let service = Scripted::new();
    let mut client = with_data(&service);
    service.hold("body");
    client.send(MESSAGE);
    client.begin(Stage::Graceful);
    service.release("body");
    client.poll();
    assert_eq!(
        client.take_output(),
        "250 2.6.0 stored 11 octets\r\n421 4.3.2 closing for shutdown, try again later\r\n"
    );
}

/// A service that stores the octets in order, and ends the session on demand.
#[derive(Default)]
struct Keeper(Mutex<Vec<Bytes>>);

impl Service for Keeper {
    type Mail = (About, Vec<Bytes>);

    async fn mail(&self, about: &About, _: Mail<'static>) -> Result<Self::Mail, Rejection> {
        Ok((about.clone(), Vec::new()))
    }

    async fn body(&self, (about, kept): &mut Self::Mail, octets: Bytes) -> Result<(), Rejection> {
        if octets.starts_with(b"end") {
            about.handle().shutdown(Shutdown::Now);
            std::future::pending::<()>().await;
        }
        kept.push(octets);
        Ok(())
    }

    async fn message(&self, (_, kept): &mut Self::Mail, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        self.0.lock().unwrap().append(kept);
        Ok(Accept::Yes)
    }
}

#[test]
fn octets_are_kept_while_later_octets_arrive() {
    let service = Arc::new(Keeper::default());
    let mut client = Harness::greeted(config(), &service);
    client.send("MAIL FROM:<a@client.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n");
    let sent: String = (0..2000).map(|number| format!("line {number}\r\n")).collect();
    for piece in sent.as_bytes().chunks(700) {
        client.send(std::str::from_utf8(piece).unwrap());
    }
    client.send(".\r\n");
    assert!(client.take_output().ends_with("250 2.6.0 message accepted\r\n"));
    let kept = service.0.lock().unwrap().concat();
    assert_eq!(String::from_utf8(kept).unwrap(), sent);
}

#[test]
fn the_service_ends_the_session_in_a_body() {
    let service = Arc::new(Keeper::default());
    let mut client = Harness::greeted(config(), &service);
    client.send("MAIL FROM:<a@client.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n");
    client.take_output();
    client.send("end\r\n");
    assert!(client.take_output().starts_with("421 4.3.2"));
}
