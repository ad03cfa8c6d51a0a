//! XCLIENT and XFORWARD, as a service sees them.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use smtp_proto::types::{ClientAttributes, ClientInfo, Extension, Host, Mail, Rcpt, Rejection};

use super::harness::{Harness, config};
use crate::{About, Accept, Service};

/// Trusts the Unix socket, grants the login of Ann, and notes the client and the origin of each transaction.
#[derive(Default)]
struct Trusting(Mutex<Vec<String>>);

impl Service for Trusting {
    type Mail = ();

    async fn connect(&self, about: &About) -> Result<Accept, Rejection> {
        if about.connected_peer().ip().is_none() {
            about
                .handle()
                .offer(Extension::Xclient(ClientAttributes::XCLIENT));
            about
                .handle()
                .offer(Extension::Xforward(ClientAttributes::XFORWARD));
        }
        match about.xclient().name().as_deref() {
            Some("bad.example") => Err(Rejection::NO_SERVICE),
            _ => Ok(Accept::Yes),
        }
    }

    async fn xclient(&self, _: &About, info: &ClientInfo<'static>) -> Result<Option<String>, Rejection> {
        Ok(info.login().filter(|login| login == "ann").map(Into::into))
    }

    async fn xforward(&self, _: &About, info: &ClientInfo<'static>) -> Result<Accept, Rejection> {
        match info.ident() {
            Some(_) => Err(Rejection::POLICY),
            None => Ok(Accept::text("noted")),
        }
    }

    async fn mail(&self, about: &About, _: Mail<'static>) -> Result<(), Rejection> {
        let host = Host::parse("mx.example.org").unwrap();
        let trace = about
            .received(&host, 0)
            .unwrap()
            .to_string()
            .replace("\r\n\t", " ");
        self.0.lock().unwrap().push(format!(
            "{} {} {:?} [{}] {}",
            about.peer(),
            about.local(),
            about.identity(),
            about.xforward(),
            trace.split(" by ").next().unwrap()
        ));
        Ok(())
    }

    async fn body(&self, (): &mut (), _: Bytes) -> Result<(), Rejection> {
        Ok(())
    }

    async fn message(&self, (): &mut (), _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        Ok(Accept::Yes)
    }
}

#[test]
fn a_trusted_proxy_names_the_client() {
    let service = Arc::new(Trusting::default());
    let mut harness = Harness::greeted(config(), &service);
    harness.take_output();
    harness.send(
        "XCLIENT ADDR=IPV6:2001:db8::7 PORT=4000 LOGIN=ann DESTADDR=192.0.2.25\r\nEHLO a.example\r\n\
         MAIL FROM:<a@b.example>\r\nRSET\r\n\
         XCLIENT ADDR=192.0.2.7 PORT=[UNAVAILABLE] LOGIN=bob\r\nEHLO a.example\r\nXFORWARD NAME=x.example\r\n\
         XFORWARD IDENT=1\r\nMAIL FROM:<a@b.example>\r\nRSET\r\nMAIL FROM:<a@b.example>\r\nRSET\r\n",
    );
    let output = harness.take_output();
    assert!(
        output.starts_with("220 ") && output.contains("\r\n250 2.0.0 noted\r\n550 5.7.1 "),
        "{output}"
    );
    assert_eq!(
        *service.0.lock().unwrap(),
        [
            "[2001:db8::7]:4000 192.0.2.25:0 Some(\"ann\") [] Received: from a.example ([IPv6:2001:db8::7])",
            "192.0.2.7:0 192.0.2.25:0 None [NAME=x.example] Received: from a.example ([192.0.2.7])",
            "192.0.2.7:0 192.0.2.25:0 None [] Received: from a.example ([192.0.2.7])",
        ]
    );
    harness.send("XCLIENT NAME=bad.example\r\nEHLO a.example\r\n");
    let output = harness.take_output();
    assert!(
        output.starts_with("554 ") && output.contains("\r\n503 "),
        "{output}"
    );
}

#[test]
fn a_filter_names_the_origin_without_xclient() {
    let service = Arc::new(Trusting::default());
    let mut harness = Harness::greeted(config(), &service);
    harness.send("XFORWARD NAME=x.example\r\nMAIL FROM:<a@b.example>\r\n");
    let noted = service.0.lock().unwrap();
    assert!(
        noted.iter().any(|line| line.contains("[NAME=x.example]")),
        "{noted:?}"
    );
}

/// Offers both commands and has no answer of its own.
struct Plain;

impl Service for Plain {
    type Mail = ();

    async fn connect(&self, about: &About) -> Result<Accept, Rejection> {
        about
            .handle()
            .offer(Extension::Xclient(ClientAttributes::XCLIENT));
        about
            .handle()
            .offer(Extension::Xforward(ClientAttributes::XFORWARD));
        Ok(Accept::Yes)
    }

    async fn mail(&self, _: &About, _: Mail<'static>) -> Result<(), Rejection> {
        Ok(())
    }

    async fn body(&self, (): &mut (), _: Bytes) -> Result<(), Rejection> {
        Ok(())
    }

    async fn message(&self, (): &mut (), _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        Ok(Accept::Yes)
    }
}

#[test]
fn by_default_no_client_is_trusted() {
    let mut harness = Harness::greeted(config(), &Arc::new(Plain));
    harness.take_output();
    harness.send("XCLIENT ADDR=192.0.2.1\r\nXFORWARD ADDR=192.0.2.1\r\n");
    let refusal = "550 5.7.0 insufficient authorization\r\n";
    assert_eq!(harness.take_output(), refusal.repeat(2));
}
