//! Counters, as Prometheus text.

use std::{
    fmt::Write,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use smtp_tokio::ShutdownHandle;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tracing::debug;

/// The counters of a relay.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// Sessions of clients.
    pub(crate) sessions: Counter,
    /// Messages accepted from clients.
    pub(crate) accepted: Counter,
    /// Messages that could not be stored.
    pub(crate) not_stored: Counter,
    /// Attempts to deliver a message to a next hop.
    pub(crate) attempts: Counter,
    /// Recipients that a next hop accepted.
    pub(crate) delivered: Counter,
    /// Recipients that will be tried again.
    pub(crate) deferred: Counter,
    /// Recipients that have failed.
    pub(crate) failed: Counter,
    /// Notifications that were stored for senders.
    pub(crate) reports: Counter,
    /// Current deliveries.
    pub(crate) under_way: Counter,
}

/// A number that is changed without a lock.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, number: usize) {
        self.0.fetch_add(number as u64, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, number: usize) {
        self.0.store(number as u64, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Metrics {
    /// Returns the counters as text (Prometheus text format 0.0.4).
    fn text(&self) -> String {
        let rows = [
            ("sessions_total", "counter", "sessions of clients", &self.sessions),
            (
                "accepted_total",
                "counter",
                "messages accepted from clients",
                &self.accepted,
            ),
            (
                "not_stored_total",
                "counter",
                "messages that could not be stored",
                &self.not_stored,
            ),
            (
                "attempts_total",
                "counter",
                "attempts to deliver a message to a next hop",
                &self.attempts,
            ),
            (
                "delivered_total",
                "counter",
                "recipients that a next hop took",
                &self.delivered,
            ),
            (
                "deferred_total",
                "counter",
                "results that defer a recipient",
                &self.deferred,
            ),
            (
                "failed_total",
                "counter",
                "recipients that have failed",
                &self.failed,
            ),
            (
                "reports_total",
                "counter",
                "notifications stored for senders",
                &self.reports,
            ),
            ("deliveries", "gauge", "current deliveries", &self.under_way),
        ];
        let mut text = String::new();
        for (name, kind, help, counter) in rows {
            let _ = write!(
                text,
                "# HELP relay_{name} {help}\n# TYPE relay_{name} {kind}\nrelay_{name} {}\n",
                counter.get()
            );
        }
        text
    }
}

/// Serves `GET /metrics` until the relay stops.
pub(crate) async fn serve(listener: TcpListener, metrics: Arc<Metrics>, stop: ShutdownHandle) {
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let metrics = Arc::clone(&metrics);
        tokio::spawn(async move {
            let answered = timeout(Duration::from_secs(5), answer(stream, &metrics)).await;
            debug!(?answered, "metrics");
        });
    }
}

/// Answers one request, ignoring its header fields, and closes the connection.
async fn answer(mut stream: TcpStream, metrics: &Metrics) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 || request.len() > 8192 {
            return Ok(());
        }
    }
    let (status, text) = if request.starts_with(b"GET /metrics ") || request.starts_with(b"GET /metrics?") {
        ("200 OK", metrics.text())
    } else {
        ("404 Not Found", "the counters are at /metrics\n".to_owned())
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn request(line: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (metrics, stop) = (Arc::<Metrics>::default(), ShutdownHandle::new());
        metrics.accepted.add(3);
        let served = tokio::spawn(serve(listener, metrics, stop.clone()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(format!("{line}\r\nHost: x\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        stop.shut_down();
        served.await.unwrap();
        response
    }

    #[tokio::test]
    async fn counters_are_served() {
        let response = request("GET /metrics HTTP/1.1").await;
        assert!(
            response.starts_with("HTTP/1.1 200 OK\r\n") && response.contains("\nrelay_accepted_total 3\n")
        );
        assert!(request("GET / HTTP/1.1").await.starts_with("HTTP/1.1 404 "));
    }
}
