//! The clock of a session, and its size.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use smtp_proto::types::{Mail, Rcpt, Rejection};

use super::harness::{Harness, Pipe, Scripted, config};
use crate::{About, Accept, Bytes, Service};

#[test]
fn the_clock_is_read_after_input_and_before_the_next_wait() {
    let service = Scripted::new();
    let mut client = Harness::greeted(config(), &service);
    for (octets, reads) in [
        ("", 0),
        ("NOOP\r\n", 1),
        (
            "MAIL FROM:<a@client.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n",
            2,
        ),
        ("text\r\n.\r\n", 2),
    ] {
        client.pipe.lock().unwrap().clock_reads = 0;
        client.send(octets);
        assert_eq!(client.pipe.lock().unwrap().clock_reads, reads, "{octets}");
    }
}

/// Blocks its thread: the clock advances during a call.
struct Blocking(Mutex<Option<Arc<Mutex<Pipe>>>>);

impl Blocking {
    fn block(&self) {
        if let Some(pipe) = &*self.0.lock().unwrap() {
            pipe.lock().unwrap().now += Duration::from_secs(10 * 60);
        }
    }
}

impl Service for Blocking {
    type Mail = ();

    async fn mail(&self, _: &About, _: Mail<'static>) -> Result<(), Rejection> {
        self.block();
        Ok(())
    }

    async fn body(&self, (): &mut (), _: Bytes) -> Result<(), Rejection> {
        self.block();
        Ok(())
    }

    async fn message(&self, (): &mut (), _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        self.block();
        Ok(Accept::Yes)
    }
}

#[test]
fn a_service_that_blocks_its_thread_costs_the_client_no_time() {
    let service = Arc::new(Blocking(Mutex::default()));
    let mut client = Harness::greeted(config(), &service);
    *service.0.lock().unwrap() = Some(Arc::clone(&client.pipe));
    client.send("MAIL FROM:<a@client.example>\r\n");
    client.advance(Duration::from_secs(299));
    client.send("RCPT TO:<bob@example.org>\r\nDATA\r\n");
    client.send("text\r\n");
    client.advance(Duration::from_secs(299));
    client.send(".\r\n");
    client.advance(Duration::from_secs(299));
    client.send("QUIT\r\n");
    assert!(
        client
            .take_output()
            .ends_with("250 2.6.0 message accepted\r\n221 2.0.0 bye\r\n")
    );
}

#[test]
fn the_future_of_a_session_is_small() {
    let service = Scripted::new();
    let size = Harness::size_of_session(&service);
    assert!(size <= 200, "{size}");
}
