//! The facts of a session that a service knows, and the state that it keeps.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use smtp_proto::types::{Host, Mail, Rcpt, Rejection};

use super::harness::{Harness, config};
use crate::{About, Accept, Service};

/// Counts the messages of each session, and replies with the trace field.
#[derive(Default)]
struct Counting;

#[derive(Default)]
struct Messages(Mutex<usize>);

impl Service for Counting {
    type Mail = About;

    async fn mail(&self, about: &About, _: Mail<'static>) -> Result<About, Rejection> {
        // Another type has another value.
        *about.state::<Mutex<usize>>().lock().unwrap() += 100;
        *about.state::<Messages>().0.lock().unwrap() += 1;
        Ok(about.clone())
    }

    async fn recipient(&self, about: &About, _: &Rcpt<'static>) -> Result<Accept, Rejection> {
        let count = *about.state::<Messages>().0.lock().unwrap();
        let host = Host::parse("mx.example.org").unwrap();
        let trace = about.received(&host, 0).unwrap().to_string();
        Ok(Accept::text(format!(
            "{count} {}",
            trace.replace("\r\n\t", " ").trim()
        )))
    }

    async fn body(&self, _: &mut About, _: Bytes) -> Result<(), Rejection> {
        Ok(())
    }

    async fn message(&self, _: &mut About, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        Ok(Accept::Yes)
    }
}

#[test]
fn a_service_keeps_state_for_each_session_and_has_a_trace_field() {
    let service = Arc::new(Counting);
    let mut harness = Harness::greeted(config(), &service);
    harness.send(
        "MAIL FROM:<a@b.example>\r\nRSET\r\nMAIL FROM:<a@b.example> SMTPUTF8\r\nRCPT TO:<c@d.example>\r\n",
    );
    let expected = "2 Received: from client.example ([127.0.0.1]) by mx.example.org with UTF8SMTP; \
                    Thu, 01 Jan 1970 00:00:00 +0000\r\n";
    let output = harness.take_output();
    assert!(output.ends_with(expected), "{output}");

    let mut other = Harness::greeted(config(), &service);
    other.send("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n");
    let output = other.take_output();
    assert!(
        output.contains(" 1 Received: from client.example ([127.0.0.1]) by mx.example.org with ESMTP;"),
        "{output}"
    );
}

/// A function that is not passed on would have its default.
#[test]
fn a_shared_service_passes_every_function_on() {
    let names = |source: &'static str| -> Vec<&str> {
        let functions = source.lines().filter_map(|line| line.strip_prefix("    fn "));
        functions.filter_map(|rest| rest.split('(').next()).collect()
    };
    let (_, service) = include_str!("../../service.rs")
        .split_once("\npub trait Service")
        .unwrap();
    assert_eq!(names(include_str!("../shared.rs")), names(service));
}
