//! Hostile messages: nothing of them is HTML of the page, and their own HTML has no rights.

use super::harness::{Running, start};

/// A message that tries everything at once. The browser test has the same.
pub(crate) const HOSTILE: &str = include_str!("../../testdata/hostile.eml");

async fn hostile() -> Running {
    let inbox = start(&[]).await;
    inbox
        .send("\"<script>\"@evil.example", &["bob@example.org"], HOSTILE)
        .await;
    inbox
}

#[tokio::test]
async fn html_of_a_message_is_in_a_sandbox() {
    let inbox = hostile().await;
    let html = inbox.get("/api/messages/1/html").await;
    assert_eq!(html.header("content-type"), "text/html; charset=utf-8");
    let policy = html.header("content-security-policy");
    let directives: Vec<_> = policy.split(';').map(str::trim).collect();
    assert!(
        directives.contains(&"sandbox"),
        "no right is given back: {policy}"
    );
    assert!(directives.contains(&"default-src 'none'"));
    assert!(directives.contains(&"form-action 'none'"));
    assert!(
        !policy.contains("script-src") && !policy.contains("http"),
        "{policy}"
    );
}

#[tokio::test]
async fn attachments_are_files_and_never_pages() {
    let inbox = hostile().await;
    let message = inbox.json("/api/messages/1").await;
    let parts = message["parts"]["parts"].as_array().unwrap();
    assert!(parts.len() >= 5);
    for part in parts {
        let id = part["id"].as_str().unwrap();
        let file = inbox.get(&format!("/api/messages/1/parts/{id}")).await;
        assert_eq!(file.status, 200);
        let disposition = file.header("content-disposition");
        assert!(
            disposition.starts_with("attachment; filename*=UTF-8''"),
            "{disposition}"
        );
        let name = disposition.split("''").nth(1).unwrap();
        assert!(!name.contains(['<', '"', '/', ' ', '\\']), "{disposition}");
        assert!(file.header("content-security-policy").starts_with("sandbox;"));
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        assert_eq!(file.header("set-cookie"), "", "a name adds no header");
    }
}

#[tokio::test]
async fn the_source_is_text() {
    let inbox = hostile().await;
    let source = inbox.get("/api/messages/1/source").await;
    assert_eq!(source.header("content-type"), "text/plain; charset=utf-8");
    assert!(source.header("content-security-policy").starts_with("sandbox;"));
    let file = inbox.get("/api/messages/1/source?download").await;
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"message-1.eml\""
    );
}

#[tokio::test]
async fn answers_of_the_api_are_json() {
    let inbox = hostile().await;
    for path in [
        "/api/messages",
        "/api/messages/1",
        "/api/sessions/1",
        "/api/messages/%3Cscript%3E",
    ] {
        let response = inbox.get(path).await;
        let kind = response.header("content-type");
        assert!(
            kind == "application/json" || kind.starts_with("text/plain"),
            "{path}: {kind}"
        );
    }
}

#[tokio::test]
async fn links_that_run_something_are_not_listed() {
    let inbox = hostile().await;
    let message = inbox.json("/api/messages/1").await;
    for link in message["links"].as_array().unwrap() {
        assert!(link["url"].as_str().unwrap().starts_with("http"), "{link}");
    }
}

#[test]
fn the_page_makes_no_html_of_text() {
    let files = [
        include_str!("../../page/app.js"),
        include_str!("../../page/dom.js"),
        include_str!("../../page/list.js"),
        include_str!("../../page/message.js"),
        include_str!("../../page/session.js"),
    ];
    for file in files {
        for sink in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "srcdoc",
            "eval(",
            "Function(",
        ] {
            assert!(!file.contains(sink), "{sink}");
        }
    }
}
