//! Changes as server-sent events.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::State,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_lite::{Stream, stream};
use serde::Serialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{Shared, Site};
use crate::{
    store::Change,
    view::{MessageItem, SessionItem},
};

/// Numbers that are gone.
#[derive(Serialize)]
struct Deleted {
    messages: Vec<u64>,
    sessions: Vec<u64>,
}

/// The stream of changes: `message` and `session` with the item of the list, `deleted`, and `reload` if some were missed.
pub(super) async fn events(State(site): Shared) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = site.store.subscribe();
    let events = stream::unfold((site, changes), |(site, mut changes)| async move {
        let event = next(&site, &mut changes).await?;
        Some((Ok(event), (site, changes)))
    });
    // At once, so that the page knows that it misses nothing from here on.
    let first = stream::once(Ok(Event::default().event("reload").data("{}")));
    Sse::new(stream::StreamExt::chain(first, events)).keep_alive(KeepAlive::default())
}

async fn next(site: &Arc<Site>, changes: &mut Receiver<Change>) -> Option<Event> {
    loop {
        let event = match changes.recv().await {
            Ok(Change::Message(id)) => {
                let message = site.store.message(id);
                message.map(|message| json("message", &MessageItem::new(&message)))
            }
            Ok(Change::Session(id)) => site
                .store
                .with_session(id, |session| json("session", &SessionItem::new(session))),
            Ok(Change::Deleted { messages, sessions }) => {
                Some(json("deleted", &Deleted { messages, sessions }))
            }
            Err(RecvError::Lagged(_)) => Some(Event::default().event("reload").data("{}")),
            Err(RecvError::Closed) => return None,
        };
        if event.is_some() {
            return event;
        }
    }
}

fn json(name: &str, value: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    // The types have nothing that JSON lacks.
    event.json_data(value).unwrap_or_default()
}
