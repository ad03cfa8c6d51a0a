//! The web page and its API.

mod api;
mod content;
mod events;
mod guard;
mod page;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    middleware,
    routing::{get, post},
};

use crate::{flags::Flags, release::Releaser, store::Store};

/// The parts that all handlers share.
#[derive(Debug)]
pub(crate) struct Site {
    store: Arc<Store>,
    releaser: Option<Releaser>,
    /// The address of the SMTP server, for the page.
    smtp: SocketAddr,
    offers_tls: bool,
    hosts: guard::Hosts,
}

type Shared = State<Arc<Site>>;

impl Site {
    pub(crate) fn new(
        store: Arc<Store>,
        releaser: Option<Releaser>,
        flags: &Flags,
        smtp: SocketAddr,
    ) -> Self {
        Self {
            store,
            releaser,
            smtp,
            offers_tls: flags.self_signed,
            hosts: guard::Hosts::new(flags.web.ip(), &flags.web_host),
        }
    }
}

/// The routes.
pub(crate) fn router(site: Site) -> Router {
    let site = Arc::new(site);
    Router::new()
        .route("/", get(page::index))
        .route("/{file}", get(page::file))
        .route("/api/info", get(api::info))
        .route("/api/events", get(events::events))
        .route("/api/messages", get(api::messages).delete(api::delete_messages))
        .route("/api/messages/wait", get(api::wait))
        .route(
            "/api/messages/{id}",
            get(api::message).delete(api::delete_message),
        )
        .route("/api/messages/{id}/html", get(content::html))
        .route("/api/messages/{id}/source", get(content::source))
        .route("/api/messages/{id}/parts/{part}", get(content::part))
        .route("/api/messages/{id}/release", post(api::release))
        .route("/api/sessions", get(api::sessions))
        .route(
            "/api/sessions/{id}",
            get(api::session).delete(api::delete_session),
        )
        .layer(middleware::from_fn_with_state(Arc::clone(&site), guard::guard))
        .with_state(site)
}
