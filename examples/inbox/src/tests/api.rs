//! The API: lists, searches, waits, deletions, and what other sites may not do.

use super::harness::start;

fn subject(subject: &str) -> String {
    format!("From: Ann <ann@client.example>\nTo: bob@example.org\nSubject: {subject}\n\nHello\n")
}

#[tokio::test]
async fn the_list_has_the_newest_first_and_can_be_searched() {
    let inbox = start(&[]).await;
    for name in ["one", "two", "three"] {
        inbox
            .send(
                "ann@client.example",
                &[&format!("{name}@example.org")],
                &subject(name),
            )
            .await;
    }
    let all = inbox.json("/api/messages").await;
    let subjects: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["subject"].as_str().unwrap())
        .collect();
    assert_eq!(subjects, ["three", "two", "one"]);
    for (query, expected) in [
        ("q=TWO", 1),
        ("to=two@example.org", 1),
        ("q=subject:one%20hello", 1),
        ("after=2", 1),
        ("q=nothing", 0),
        ("from=ann", 3),
    ] {
        let found = inbox.json(&format!("/api/messages?{query}")).await;
        assert_eq!(found.as_array().unwrap().len(), expected, "{query}");
    }
}

#[tokio::test]
async fn a_test_waits_for_its_message() {
    let inbox = start(&[]).await;
    inbox
        .send("ann@client.example", &["other@example.org"], &subject("other"))
        .await;
    let wanted = subject("wanted");
    let waiting = inbox.get("/api/messages/wait?to=carl@example.org&timeout=20");
    let sending = inbox.send("ann@client.example", &["carl@example.org"], &wanted);
    let (found, _) = tokio::join!(waiting, sending);
    assert_eq!(found.json()["subject"], "wanted");
    // One that is there already counts.
    let found = inbox.json("/api/messages/wait?to=carl@example.org").await;
    assert_eq!(found["subject"], "wanted");
    let none = inbox
        .get("/api/messages/wait?to=carl@example.org&after=2&timeout=0")
        .await;
    assert_eq!(
        (none.status, none.json()["error"].as_str()),
        (404, Some("no such message within 0 seconds"))
    );
}

#[tokio::test]
async fn messages_and_sessions_are_deleted() {
    let inbox = start(&[]).await;
    for name in ["one", "two"] {
        inbox.send("", &["bob@example.org"], &subject(name)).await;
    }
    inbox.play(&["EHLO x.example", "QUIT"]).await;
    assert_eq!(inbox.request("DELETE", "/api/messages/1", &[]).await.status, 204);
    assert_eq!(inbox.request("DELETE", "/api/messages/1", &[]).await.status, 404);
    assert_eq!(
        inbox.get("/api/sessions/1").await.status,
        404,
        "its session has no other message"
    );
    assert_eq!(inbox.request("DELETE", "/api/sessions/3", &[]).await.status, 204);
    assert_eq!(inbox.json("/api/sessions").await.as_array().unwrap().len(), 1);
    assert_eq!(inbox.request("DELETE", "/api/messages", &[]).await.status, 204);
    assert_eq!(inbox.json("/api/messages").await.as_array().unwrap().len(), 0);
    assert_eq!(inbox.json("/api/sessions").await.as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn other_sites_are_refused() {
    let inbox = start(&[]).await;
    inbox.send("", &["bob@example.org"], &subject("kept")).await;
    let host = format!("Host: {}", inbox.web);
    let foreign = inbox
        .request("GET", "/api/messages", &["Host: evil.example"])
        .await;
    assert_eq!(foreign.status, 421);
    assert!(!foreign.text().contains("kept"));
    let foreign = inbox
        .request("DELETE", "/api/messages", &[&host, "Origin: http://evil.example"])
        .await;
    assert_eq!(foreign.status, 403);
    let own = format!("Origin: http://{}", inbox.web);
    assert_eq!(
        inbox
            .request("DELETE", "/api/messages", &[&host, &own])
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn every_response_has_the_headers_that_protect_it() {
    let inbox = start(&[]).await;
    inbox.send("", &["bob@example.org"], &subject("x")).await;
    for path in [
        "/",
        "/app.js",
        "/api/messages",
        "/api/messages/1",
        "/api/messages/1/source",
        "/api/messages/1/html",
        "/nothing",
        "/no/thing",
    ] {
        let response = inbox.get(path).await;
        assert_eq!(response.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(response.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(response.header("x-dns-prefetch-control"), "off", "{path}");
        assert_eq!(
            response.header("cross-origin-resource-policy"),
            "same-origin",
            "{path}"
        );
        let policy = response.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(
            !policy.contains("unsafe-eval") && !policy.contains('*'),
            "{path}: {policy}"
        );
    }
}

#[tokio::test]
async fn the_page_has_all_its_files() {
    let inbox = start(&[]).await;
    let page = inbox.get("/").await.text();
    let app = inbox.get("/app.js").await.text();
    let files = page
        .split("=\"/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let modules = app
        .split("from \"./")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let mut number = 0;
    for file in files.chain(modules).filter(|file| !file.is_empty()) {
        assert_eq!(inbox.get(&format!("/{file}")).await.status, 200, "{file}");
        number += 1;
    }
    assert!(number >= 9, "{number}");
}

#[tokio::test]
async fn a_message_is_released_to_a_real_server() {
    let target = start(&["--reject", "nobody@example.org"]).await;
    let url = format!("smtp://{}?tls=none", target.smtp);
    let inbox = start(&["--release-to", &url]).await;
    inbox
        .send("ann@client.example", &["bob@example.org"], &subject("released"))
        .await;
    inbox
        .send("ann@client.example", &["nobody@example.org"], &subject("refused"))
        .await;
    let released = inbox.request("POST", "/api/messages/1/release", &[]).await;
    assert_eq!(released.status, 200, "{}", released.text());
    let arrived = target.json("/api/messages/1").await;
    assert_eq!(arrived["subject"], "released");
    assert_eq!(arrived["envelope"]["from"], "ann@client.example");
    let refused = inbox.request("POST", "/api/messages/2/release", &[]).await;
    assert_eq!(refused.status, 502);
    assert!(refused.text().contains("no such user here"), "{}", refused.text());
    assert_eq!(
        target
            .request("POST", "/api/messages/1/release", &[])
            .await
            .status,
        409,
        "no flag, no way"
    );
}

#[tokio::test]
async fn changes_are_sent_as_events() {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let inbox = start(&[]).await;
    let mut stream = tokio::net::TcpStream::connect(inbox.web).await.unwrap();
    let request = format!("GET /api/events HTTP/1.1\r\nHost: {}\r\n\r\n", inbox.web);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut until = async |wanted: &str| {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(wanted) {
                return line;
            }
        }
        panic!("the stream ended before {wanted}");
    };
    until("event: reload").await;
    inbox.send("", &["bob@example.org"], &subject("fresh")).await;
    until("event: session").await;
    until("event: message").await;
    assert!(until("data: ").await.contains("\"subject\":\"fresh\""));
    inbox.request("DELETE", "/api/messages/1", &[]).await;
    until("event: deleted").await;
}

#[tokio::test]
async fn a_full_store_drops_the_oldest() {
    let inbox = start(&["--keep", "2"]).await;
    for name in ["one", "two", "three"] {
        inbox.send("", &["bob@example.org"], &subject(name)).await;
    }
    assert_eq!(inbox.get("/api/messages/1").await.status, 404);
    assert_eq!(inbox.json("/api/messages").await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_accepted_message_is_in_the_maildir() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let inbox = start(&["--maildir", path]).await;
    inbox
        .send("ann@client.example", &["bob@example.org"], &subject("kept"))
        .await;
    let files = std::fs::read_dir(directory.path().join("new")).unwrap().count();
    assert_eq!(files, 1, "before the 250");
    let again = start(&["--maildir", path]).await;
    assert_eq!(again.json("/api/messages").await[0]["subject"], "kept");
    assert_eq!(again.store.message(1).unwrap().session, None);
}
