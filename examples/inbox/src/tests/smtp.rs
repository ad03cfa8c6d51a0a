//! Sessions: what is accepted, refused, recorded and explained.

use serde_json::Value;

use super::harness::start;

const MESSAGE: &str = "From: Ann <ann@client.example>\nTo: bob@example.org\nSubject: hi\n\nHello\n";

/// The titles of the warnings of a session or message.
fn titles(value: &Value) -> Vec<&str> {
    let warnings = value["warnings"].as_array().unwrap();
    warnings
        .iter()
        .map(|warning| warning["title"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_message_is_shown_with_its_session() {
    let inbox = start(&[]).await;
    let id = inbox
        .send(
            "bounces@client.example",
            &["bob@example.org", "carl@example.org"],
            MESSAGE,
        )
        .await;
    let message = inbox.json(&format!("/api/messages/{id}")).await;
    assert_eq!(message["subject"], "hi");
    assert_eq!(message["envelope"]["from"], "bounces@client.example");
    assert_eq!(message["envelope"]["to"][1], "carl@example.org");
    assert_eq!(message["text"].as_str().unwrap().trim(), "Hello");
    assert!(titles(&message).contains(&"no Date"));

    let session = inbox.json(&format!("/api/sessions/{}", message["session"])).await;
    let lines = session["lines"].as_array().unwrap();
    let said: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line["side"].as_str().unwrap(),
                line["text"].as_str().unwrap(),
                line["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(said[1], ("C", "EHLO app.client.example", "greeted"));
    let is_rcpt = |line: &&(&str, &str, &str)| line.1 == "RCPT TO:<carl@example.org>";
    assert_eq!(said.iter().find(is_rcpt).unwrap().2, "recipients");
    assert!(said.iter().any(|line| line.1.ends_with("octets>")), "{said:?}");
    assert_eq!(said.last().unwrap().2, "closed");
    assert_eq!(session["closed"], "the client quit");
    let transaction = &session["transactions"][0];
    assert_eq!(transaction["message"], id);
    let first = lines
        .iter()
        .find(|line| line["number"] == transaction["from"])
        .unwrap();
    assert_eq!(first["text"], "MAIL FROM:<bounces@client.example>");
    let greeting = &lines[0];
    assert_eq!(greeting["rfc"]["name"], "RFC 5321 section 3.1");
    assert_eq!(
        greeting["rfc"]["url"],
        "https://www.rfc-editor.org/rfc/rfc5321#section-3.1"
    );
}

#[tokio::test]
async fn a_session_without_a_message_is_listed_with_its_refusal() {
    let inbox = start(&["--reject", "nobody@example.org", "--tempfail", "@busy.example"]).await;
    let replies = inbox
        .play(&[
            "HELO localhost",
            "MAIL FROM: <ann@client.example>",
            "RCPT TO:<later@busy.example>",
            "RCPT TO:<Nobody@example.org>",
            "DATA",
        ])
        .await;
    assert!(replies[3].starts_with("450"), "{replies:?}");
    assert!(replies[4].starts_with("550"), "{replies:?}");
    assert!(replies[5].starts_with("503"), "{replies:?}");
    let sessions = inbox.json("/api/sessions").await;
    assert_eq!(sessions[0]["messages"].as_array().unwrap().len(), 0);
    assert_eq!(sessions[0]["refusals"], 3);
    let session = inbox.json("/api/sessions/1").await;
    let titles = titles(&session);
    for expected in [
        "HELO instead of EHLO",
        "localhost is not fully qualified",
        "a space after MAIL FROM:",
        "no QUIT",
    ] {
        assert!(titles.contains(&expected), "{expected}: {titles:?}");
    }
    assert_eq!(session["closed"], "the client closed the connection without QUIT");
}

#[tokio::test]
async fn a_sender_can_be_refused() {
    let inbox = start(&["--reject", "@spam.example"]).await;
    let replies = inbox
        .play(&["EHLO x.example", "MAIL FROM:<a@spam.example>"])
        .await;
    assert!(replies[2].starts_with("550"), "{replies:?}");
}

#[tokio::test]
async fn bare_line_feeds_are_accepted_with_a_warning() {
    let inbox = start(&[]).await;
    let lines = [
        "EHLO x.example",
        "MAIL FROM:<>",
        "RCPT TO:<b@c.example>",
        "DATA",
        "Subject: hi\n\nHello\n\r\n.",
        "QUIT",
    ];
    let replies = inbox.play(&lines).await;
    assert!(replies[5].starts_with("250"), "{replies:?}");
    let message = inbox.json("/api/messages/1").await;
    assert!(
        titles(&message).contains(&"3 × LF without CR, first in line 1"),
        "{:?}",
        titles(&message)
    );
    let source = inbox.get("/api/messages/1/source").await;
    assert_eq!(source.text(), "Subject: hi\r\n\r\nHello\r\n\r\n");

    let strict = start(&["--strict"]).await;
    let replies = strict.play(&lines).await;
    assert!(replies[5].starts_with("550"), "{replies:?}");
}

#[tokio::test]
async fn a_message_without_its_end_is_explained() {
    let inbox = start(&[]).await;
    let stream = tokio::net::TcpStream::connect(inbox.smtp).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let lines =
        b"EHLO x.example\r\nMAIL FROM:<>\r\nRCPT TO:<b@c.example>\r\nDATA\r\nSubject: hi\n\nHello\n.\n";
    tokio::io::AsyncWriteExt::write_all(&mut write, lines)
        .await
        .unwrap();
    tokio::io::AsyncWriteExt::shutdown(&mut write).await.unwrap();
    tokio::io::AsyncReadExt::read_to_end(&mut read, &mut Vec::new())
        .await
        .unwrap();
    let session = inbox.json("/api/sessions/1").await;
    let warnings = session["warnings"].as_array().unwrap();
    let is_end = |warning: &&Value| warning["title"] == "no end of data after 21 octets";
    let warning = warnings.iter().find(is_end).unwrap();
    assert!(
        warning["detail"]
            .as_str()
            .unwrap()
            .contains("between bare line ends")
    );
    assert_eq!(
        session["outcome"],
        "the client closed the connection without QUIT, within a message"
    );
}

#[tokio::test]
async fn passwords_are_checked_and_not_recorded() {
    let inbox = start(&["--user", "ann:pencil", "--require-auth"]).await;
    // ann:pencil and ann:wrong.
    let replies = inbox
        .play(&[
            "EHLO x.example",
            "MAIL FROM:<>",
            "AUTH PLAIN AGFubgB3cm9uZw==",
            "AUTH PLAIN AGFubgBwZW5jaWw=",
            "QUIT",
        ])
        .await;
    let codes: Vec<_> = replies.iter().map(|reply| &reply[..3]).collect();
    assert_eq!(codes, ["220", "250", "530", "535", "235", "221"]);
    let session = inbox.get("/api/sessions/1").await.text();
    assert!(session.contains("AUTH PLAIN <redacted>"));
    for secret in ["AGFubg", "pencil"] {
        assert!(!session.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn every_password_will_do_without_users() {
    let inbox = start(&[]).await;
    let replies = inbox
        .play(&["EHLO x.example", "AUTH PLAIN AGFubgB3cm9uZw==", "QUIT"])
        .await;
    assert!(replies[2].starts_with("235"), "{replies:?}");
}

#[tokio::test]
async fn a_client_can_use_starttls() {
    use smtp_proto::{client::Config, types::Envelope};
    use smtp_tokio::{Client, tls};

    let inbox = start(&["--self-signed", "--require-tls"]).await;
    let settings = tls::ClientSettings::encrypted_unverified()
        .for_server("localhost")
        .unwrap();
    let config = Config::new("app.client.example".parse().unwrap());
    let mut client = Client::builder(config)
        .starttls(settings)
        .connect(inbox.smtp)
        .await
        .unwrap();
    let envelope = Envelope::parse("ann@client.example", ["bob@example.org"]).unwrap();
    let sent = client.send(envelope, MESSAGE.replace('\n', "\r\n"));
    assert!(sent.await.unwrap().all_accepted());
    client.quit().await.unwrap();
    let sessions = inbox.json("/api/sessions").await;
    assert_eq!(sessions[0]["is_tls"], true);
    assert_eq!(sessions[0]["messages"][0], 1);
}

#[tokio::test]
async fn a_chunk_is_a_message_too() {
    let inbox = start(&[]).await;
    let replies = inbox
        .play(&[
            "EHLO x.example",
            "MAIL FROM:<>",
            "RCPT TO:<b@c.example>",
            "BDAT 13 LAST\r\nSubject: c\r\n",
            "QUIT",
        ])
        .await;
    assert!(replies[4].starts_with("250"), "{replies:?}");
    let sessions = inbox.json("/api/sessions").await;
    assert_eq!(sessions[0]["messages"][0], 1);
}
