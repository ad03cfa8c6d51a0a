//! The files of the page.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::api::problem;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// The files, with their types.
const FILES: [(&str, &str, &str); 11] = [
    ("style.css", CSS, include_str!("../../page/style.css")),
    ("message.css", CSS, include_str!("../../page/message.css")),
    ("session.css", CSS, include_str!("../../page/session.css")),
    ("icon.svg", SVG, include_str!("../../page/icon.svg")),
    ("app.js", SCRIPT, include_str!("../../page/app.js")),
    ("api.js", SCRIPT, include_str!("../../page/api.js")),
    ("dom.js", SCRIPT, include_str!("../../page/dom.js")),
    ("list.js", SCRIPT, include_str!("../../page/list.js")),
    ("message.js", SCRIPT, include_str!("../../page/message.js")),
    ("session.js", SCRIPT, include_str!("../../page/session.js")),
    ("keys.js", SCRIPT, include_str!("../../page/keys.js")),
];

pub(super) async fn index() -> Response {
    let html = include_str!("../../page/index.html");
    ([(header::CONTENT_TYPE, HTML)], html).into_response()
}

pub(super) async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, ..)| *known == name) {
        Some((_, kind, text)) => ([(header::CONTENT_TYPE, *kind)], *text).into_response(),
        None => problem(StatusCode::NOT_FOUND, "no such file").into_response(),
    }
}
