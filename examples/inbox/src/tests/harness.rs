//! A running inbox, and the smallest clients of SMTP and HTTP.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use clap::Parser;
use serde_json::Value;
use smtp_tokio::ShutdownHandle;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use crate::{flags::Flags, run::Inbox, store::Store};

/// No answer within this time is a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running inbox. It ends with the runtime of the test.
pub(super) struct Running {
    pub(super) smtp: SocketAddr,
    pub(super) web: SocketAddr,
    pub(super) store: Arc<Store>,
}

/// A response.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: String,
    pub(super) body: Vec<u8>,
}

impl Response {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> &str {
        let mut lines = self.headers.lines();
        let found = lines.find_map(|line| {
            let (other, value) = line.split_once(": ")?;
            other.eq_ignore_ascii_case(name).then_some(value)
        });
        found.unwrap_or_default()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Starts an inbox with these flags.
pub(super) async fn start(flags: &[&str]) -> Running {
    let fixed = ["inbox", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0"];
    let flags = Flags::try_parse_from(fixed.iter().chain(flags)).unwrap();
    let inbox = Inbox::open(flags).await.unwrap();
    let running = Running {
        smtp: inbox.smtp_address,
        web: inbox.web_address,
        store: Arc::clone(&inbox.store),
    };
    tokio::spawn(async move { inbox.serve(ShutdownHandle::new()).await.unwrap() });
    running
}

impl Running {
    /// A request with further header lines.
    pub(super) async fn request(&self, method: &str, path: &str, headers: &[&str]) -> Response {
        let exchange = async {
            let mut stream = TcpStream::connect(self.web).await.unwrap();
            let host = format!("Host: {}", self.web);
            let is_host = |line: &&&str| line.starts_with("Host:");
            let mut lines = vec![format!("{method} {path} HTTP/1.1"), "Connection: close".into()];
            if !headers.iter().any(|line| is_host(&line)) {
                lines.push(host);
            }
            lines.extend(headers.iter().map(|line| (*line).to_owned()));
            let request = format!("{}\r\n\r\n", lines.join("\r\n"));
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut octets = Vec::new();
            stream.read_to_end(&mut octets).await.unwrap();
            octets
        };
        let octets = timeout(PATIENCE, exchange).await.unwrap();
        let end = octets
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap();
        let headers = String::from_utf8(octets[..end].to_vec()).unwrap();
        Response {
            status: headers[9..12].parse().unwrap(),
            headers,
            body: octets[end + 4..].to_vec(),
        }
    }

    pub(super) async fn get(&self, path: &str) -> Response {
        self.request("GET", path, &[]).await
    }

    pub(super) async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status, 200, "{path}: {}", response.text());
        response.json()
    }

    /// Plays a session: sends each line, and reads the reply to it. Returns the replies.
    pub(super) async fn play(&self, lines: &[&str]) -> Vec<String> {
        timeout(PATIENCE, self.play_lines(lines)).await.unwrap()
    }

    async fn play_lines(&self, lines: &[&str]) -> Vec<String> {
        let (read, mut write) = TcpStream::connect(self.smtp).await.unwrap().into_split();
        let mut read = BufReader::new(read);
        let mut replies = vec![reply(&mut read).await];
        for line in lines {
            write.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
            replies.push(reply(&mut read).await);
        }
        write.shutdown().await.unwrap();
        // Once the server has closed, its records are complete.
        let mut rest = Vec::new();
        let _ = read.read_to_end(&mut rest).await;
        replies
    }

    /// Sends a message, with CRLF for each line feed. Returns its number.
    pub(super) async fn send(&self, from: &str, to: &[&str], content: &str) -> u64 {
        let mut lines = vec![
            "EHLO app.client.example".to_owned(),
            format!("MAIL FROM:<{from}>"),
        ];
        lines.extend(to.iter().map(|to| format!("RCPT TO:<{to}>")));
        let stuffed = content.trim_start().replace("\n.", "\n..").replace('\n', "\r\n");
        lines.extend(["DATA".into(), format!("{stuffed}\r\n."), "QUIT".into()]);
        let lines: Vec<_> = lines.iter().map(|line| &line[..]).collect();
        let replies = self.play(&lines).await;
        let stored = &replies[replies.len() - 2];
        let (_, id) = stored
            .split_once("stored as message ")
            .unwrap_or_else(|| panic!("{replies:?}"));
        id.trim().parse().unwrap()
    }
}

/// Reads a reply, of several lines or one.
async fn reply(read: &mut (impl AsyncBufReadExt + Unpin)) -> String {
    let mut whole = String::new();
    loop {
        let mut line = String::new();
        read.read_line(&mut line).await.unwrap();
        whole.push_str(&line);
        if line.as_bytes().get(3) != Some(&b'-') {
            return whole;
        }
    }
}
