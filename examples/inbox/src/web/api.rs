//! The JSON API.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tokio::{sync::broadcast::error::RecvError, time::timeout};

use super::Shared;
use crate::{
    message,
    store::Change,
    view::{MessageItem, MessageView, SessionItem, SessionView},
};

/// Longest time of a wait for a message, in seconds.
const MAX_WAIT: u64 = 600;

/// An error as JSON.
pub(super) fn problem(status: StatusCode, error: impl Into<String>) -> impl IntoResponse {
    #[derive(Serialize)]
    struct Problem {
        error: String,
    }
    (status, Json(Problem { error: error.into() }))
}

const NO_MESSAGE: &str = "no such message";
const NO_SESSION: &str = "no such session, or it is still open";

/// Facts for the page.
pub(super) async fn info(State(site): Shared) -> Response {
    #[derive(Serialize)]
    struct Info<'s> {
        smtp: String,
        offers_tls: bool,
        release_to: Option<&'s str>,
    }
    let info = Info {
        smtp: site.smtp.to_string(),
        offers_tls: site.offers_tls,
        release_to: site.releaser.as_ref().map(|releaser| &releaser.target[..]),
    };
    Json(info).into_response()
}

/// The list of messages, the newest first.
pub(super) async fn messages(State(site): Shared, Query(query): Query<message::Query>) -> Response {
    let messages = site.store.messages(&query);
    let items: Vec<_> = messages.iter().map(|message| MessageItem::new(message)).collect();
    Json(items).into_response()
}

/// A message.
pub(super) async fn message(State(site): Shared, Path(id): Path<u64>) -> Response {
    match site.store.message(id) {
        Some(message) => Json(MessageView::new(&message)).into_response(),
        None => problem(StatusCode::NOT_FOUND, NO_MESSAGE).into_response(),
    }
}

/// The time of a wait.
#[derive(Debug, Deserialize)]
pub(super) struct WaitQuery {
    /// Seconds.
    timeout: Option<u64>,
}

/// Waits for a message that fits the search. The newest that is there already counts; `after` excludes it.
pub(super) async fn wait(
    State(site): Shared,
    Query(query): Query<message::Query>,
    Query(wait): Query<WaitQuery>,
) -> Response {
    let seconds = wait.timeout.unwrap_or(10).min(MAX_WAIT);
    // Before the look at the store, so that no message is missed.
    let mut changes = site.store.subscribe();
    let found = timeout(Duration::from_secs(seconds), async {
        loop {
            if let Some(message) = site.store.messages(&query).into_iter().next() {
                break Some(message);
            }
            loop {
                match changes.recv().await {
                    Ok(Change::Message(_)) | Err(RecvError::Lagged(_)) => break,
                    Ok(_) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        }
    });
    match found.await {
        Ok(Some(message)) => Json(MessageView::new(&message)).into_response(),
        _ => {
            let text = format!("no such message within {seconds} seconds");
            problem(StatusCode::NOT_FOUND, text).into_response()
        }
    }
}

/// Deletes a message.
pub(super) async fn delete_message(State(site): Shared, Path(id): Path<u64>) -> Response {
    match site.store.delete(id) {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => problem(StatusCode::NOT_FOUND, NO_MESSAGE).into_response(),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Deletes all messages and ended sessions.
pub(super) async fn delete_messages(State(site): Shared) -> Response {
    match site.store.delete_all() {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Sends a message on to the real server.
pub(super) async fn release(State(site): Shared, Path(id): Path<u64>) -> Response {
    #[derive(Serialize)]
    struct Released {
        result: String,
    }
    let Some(releaser) = &site.releaser else {
        return problem(
            StatusCode::CONFLICT,
            "there is no server to release to: see --release-to",
        )
        .into_response();
    };
    let Some(message) = site.store.message(id) else {
        return problem(StatusCode::NOT_FOUND, NO_MESSAGE).into_response();
    };
    match releaser.release(&message).await {
        Ok(result) => Json(Released { result }).into_response(),
        Err(error) => problem(StatusCode::BAD_GATEWAY, error).into_response(),
    }
}

/// The list of sessions, the newest first.
pub(super) async fn sessions(State(site): Shared, Query(query): Query<message::Query>) -> Response {
    let items = site.store.map_sessions(|session| {
        let fits = query.fits_session(|word| session.contains(word));
        fits.then(|| SessionItem::new(session))
    });
    Json(items).into_response()
}

/// A session with its lines.
pub(super) async fn session(State(site): Shared, Path(id): Path<u64>) -> Response {
    match site.store.with_session(id, SessionView::new) {
        Some(session) => Json(session).into_response(),
        None => problem(StatusCode::NOT_FOUND, "no such session").into_response(),
    }
}

/// Deletes an ended session.
pub(super) async fn delete_session(State(site): Shared, Path(id): Path<u64>) -> Response {
    if site.store.delete_session(id) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        problem(StatusCode::NOT_FOUND, NO_SESSION).into_response()
    }
}
