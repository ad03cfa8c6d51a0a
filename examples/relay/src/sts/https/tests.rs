//! The client against a local server under TLS, with an authority of its own.

use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use smtp_relay::{
    route::{Denied, Security},
    sts::FETCH_TIMEOUT,
};
use smtp_rustls::{Identity, ServerSettings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::Instant,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{dns::LookupFailed, sts::Policies};

const POLICY: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.org\r\nmax_age: 86400\r\n";

/// The DNS of `example.org`: its policy's host is this computer.
struct Zone;

impl Dns for Zone {
    fn answer(&self, question: Question) -> Boxed<'_, Answer> {
        let answer = match question {
            Question::Addresses(name, Family::V4) => {
                assert_eq!(name.as_str(), "mta-sts.example.org");
                Answer::Addresses {
                    name,
                    addresses: vec![Ipv4Addr::LOCALHOST.into()],
                    security: Security::Insecure,
                }
            }
            _ => Answer::None {
                denied: Denied::Type,
                security: Security::Insecure,
            },
        };
        Box::pin(async { answer })
    }

    fn texts(&self, _: String) -> Boxed<'_, Result<Vec<Vec<u8>>, LookupFailed>> {
        Box::pin(async { Ok(vec![b"v=STSv1; id=1;".to_vec()]) })
    }
}

/// A server that answers each request so, and the client for it. `name` is that of its certificate.
struct Server {
    client: Https,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn new(name: &str, response: Vec<u8>) -> Self {
        let identity = Identity::self_signed([name]).unwrap();
        let roots = identity.to_roots().unwrap();
        let settings = ServerSettings::new(identity).build().unwrap();
        let acceptor = TlsAcceptor::from(Arc::clone(settings.config()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&requests);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // A client that trusts the certificate continues.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                        break;
                    }
                }
                let request = String::from_utf8(request).unwrap().to_ascii_lowercase();
                assert!(
                    request.starts_with("get /.well-known/mta-sts.txt http/1.1\r\n"),
                    "{request}"
                );
                assert!(request.contains("\r\nhost: mta-sts.example.org\r\n"), "{request}");
                counted.fetch_add(1, Ordering::Relaxed);
                // A client that has enough closes the connection.
                let _ = stream.write_all(&response).await;
                let _ = stream.shutdown().await;
            }
        });
        let mut client = Https::new(Arc::new(Zone), Some(&roots)).unwrap();
        client.port = port;
        Self { client, requests }
    }

    async fn fetch(&self) -> Result<Vec<u8>, PolicyFault> {
        self.client.fetch(Name::parse("example.org").unwrap()).await
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

async fn fetch(head: &str, body: &str) -> (Result<Vec<u8>, PolicyFault>, usize) {
    let response = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let server = Server::new("mta-sts.example.org", response.into()).await;
    (server.fetch().await, server.requests())
}

#[tokio::test]
async fn a_policy_is_fetched() {
    for kind in ["text/plain", "Text/Plain; charset=utf-8"] {
        let (fetched, requests) = fetch(&format!("200 OK\r\nContent-Type: {kind}"), POLICY).await;
        assert_eq!((fetched, requests), (Ok(POLICY.into()), 1), "{kind}");
    }
}

#[tokio::test]
async fn a_policy_has_64_kib_at_most() {
    let head = "200 OK\r\nContent-Type: text/plain";
    let longest = "x".repeat(MAX_POLICY);
    assert_eq!(fetch(head, &longest).await.0, Ok(longest.clone().into_bytes()));
    assert_eq!(
        fetch(head, &(longest.clone() + "x")).await.0,
        Err(PolicyFault::Fetch)
    );
    // Its length is not known before.
    let response = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n{longest}x");
    let server = Server::new("mta-sts.example.org", response.into()).await;
    assert_eq!(server.fetch().await, Err(PolicyFault::Fetch));
}

#[tokio::test]
async fn only_plain_text_with_200_is_a_policy() {
    for head in [
        "200 OK",
        "200 OK\r\nContent-Type: text/html",
        "200 OK\r\nContent-Type: text/plainer",
        "404 Not Found\r\nContent-Type: text/plain",
        "500 Oops\r\nContent-Type: text/plain",
        "204 No Content\r\nContent-Type: text/plain",
    ] {
        assert_eq!(fetch(head, POLICY).await, (Err(PolicyFault::Fetch), 1), "{head}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [
        "301 Moved",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let head = format!(
            "{status}\r\nLocation: https://mta-sts.example.org/.well-known/mta-sts.txt\r\nContent-Type: text/plain"
        );
        assert_eq!(
            fetch(&head, POLICY).await,
            (Err(PolicyFault::Fetch), 1),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_response_that_is_cut_is_no_policy() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n";
    for response in [
        "",
        "HTTP/1.1",
        "220 mail.example ESMTP\r\n",
        &format!("{head}{POLICY}"),
    ] {
        let server = Server::new("mta-sts.example.org", response.into()).await;
        assert_eq!(server.fetch().await, Err(PolicyFault::Fetch), "{response}");
    }
}

#[tokio::test]
async fn the_certificate_must_be_for_the_host_and_from_a_trusted_authority() {
    let response = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n{POLICY}");
    let server = Server::new("example.org", response.clone().into()).await;
    assert_eq!(
        (server.fetch().await, server.requests()),
        (Err(PolicyFault::WebPki), 0)
    );
    let mut server = Server::new("mta-sts.example.org", response.clone().into()).await;
    let another = Server::new("mta-sts.example.org", response.into()).await;
    server.client.tls = another.client.tls;
    assert_eq!(
        (server.fetch().await, server.requests()),
        (Err(PolicyFault::WebPki), 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_costs_a_minute_and_no_mail() {
    // The kernel accepts connections for it.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = Https::new(Arc::new(Zone), None).unwrap();
    client.port = listener.local_addr().unwrap().port();
    let policies = Policies {
        dns: Arc::new(Zone),
        source: Some(Arc::new(client)),
        domains: std::sync::Mutex::default(),
    };
    let began = Instant::now();
    let answer = policies.answer(Name::parse("example.org").unwrap()).await;
    assert!(
        matches!(
            answer,
            Answer::Sts {
                policy: None,
                fault: Some(PolicyFault::Fetch)
            }
        ),
        "{answer:?}"
    );
    assert!(began.elapsed() >= Duration::from_secs(FETCH_TIMEOUT));
}
