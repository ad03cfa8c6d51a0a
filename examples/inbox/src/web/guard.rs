//! Protection of the page: requests of other sites, and the headers of every response.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{self, HeaderName},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Site, api::problem};

/// The page loads nothing from elsewhere, and no script but its own file. Text never becomes HTML.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

/// The names under which browsers may ask for the page.
///
/// A site of an attacker can let its own name lead to 127.0.0.1 (DNS rebinding). Its requests have that name in `Host`.
#[derive(Debug)]
pub(super) struct Hosts {
    names: Vec<String>,
    /// The server listens on all addresses, so each of them is a name.
    any_address: bool,
}

impl Hosts {
    pub(super) fn new(listen: IpAddr, more: &[String]) -> Self {
        let listen = match listen {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let known = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        let names = known.into_iter().chain([listen]);
        Self {
            any_address: names.clone().any(|name| name == "0.0.0.0" || name == "[::]"),
            names: names.chain(more.iter().map(|name| name.to_lowercase())).collect(),
        }
    }

    /// Returns true if the value of `Host` is allowed.
    fn allow(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|octet| octet.is_ascii_digit()) => name,
            _ => host,
        };
        let name = name.to_ascii_lowercase();
        let is_address = || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        self.names.contains(&name) || self.any_address && is_address()
    }
}

/// Refuses requests that a page of another site has made, and adds the headers of a response.
pub(super) async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&site.hosts, request.method(), request.headers()) {
        Some((status, text)) => problem(status, text).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    let policy = HeaderValue::from_static(PAGE_POLICY);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    let fixed: [(HeaderName, &'static str); 6] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Browsers look up the names in links before a click, which no policy forbids: the sender could see the reader.
        (HeaderName::from_static("x-dns-prefetch-control"), "off"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refusal(hosts: &Hosts, method: &Method, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(header::HOST).unwrap_or_default();
    if !hosts.allow(host) {
        return Some((
            StatusCode::MISDIRECTED_REQUEST,
            "this name is not allowed in Host: see --web-host",
        ));
    }
    if matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let is_own = match text(header::ORIGIN) {
        Some(origin) => origin.strip_prefix("http://") == Some(host),
        // Not a browser, or one that says where the request is from.
        None => text(HeaderName::from_static("sec-fetch-site")).is_none_or(|site| site == "same-origin"),
    };
    (!is_own).then_some((
        StatusCode::FORBIDDEN,
        "a page of another site may not change anything",
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::{Hosts, refusal};

    fn is_refused(method: Method, headers: &[(&'static str, &'static str)]) -> bool {
        let hosts = Hosts::new([127, 0, 0, 1].into(), &["inbox.test".into()]);
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers: HeaderMap = headers.iter().map(pair).collect();
        refusal(&hosts, &method, &headers).is_some()
    }

    #[test]
    fn only_names_of_this_computer_are_allowed() {
        for host in [
            "localhost:8025",
            "127.0.0.1:8025",
            "[::1]:8025",
            "LOCALHOST",
            "inbox.test:8025",
        ] {
            assert!(!is_refused(Method::GET, &[("host", host)]), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8025",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.0.2.1",
            "",
        ] {
            assert!(is_refused(Method::GET, &[("host", host)]), "{host}");
        }
        assert!(is_refused(Method::GET, &[]));
    }

    #[test]
    fn a_server_for_all_addresses_has_all_their_names() {
        let hosts = Hosts::new([0, 0, 0, 0].into(), &[]);
        assert!(hosts.allow("192.0.2.1:8025"));
        assert!(hosts.allow("[2001:db8::1]:8025"));
        assert!(!hosts.allow("evil.example:8025"));
    }

    #[test]
    fn other_sites_change_nothing() {
        let host = ("host", "localhost:8025");
        for method in [Method::DELETE, Method::POST, Method::PUT] {
            for origin in [
                "http://evil.example",
                "null",
                "http://localhost:3000",
                "https://localhost:8025",
            ] {
                assert!(
                    is_refused(method.clone(), &[host, ("origin", origin)]),
                    "{origin}"
                );
            }
            assert!(is_refused(
                method.clone(),
                &[host, ("sec-fetch-site", "cross-site")]
            ));
            assert!(!is_refused(
                method.clone(),
                &[host, ("origin", "http://localhost:8025")]
            ));
            assert!(!is_refused(method.clone(), &[host]), "curl");
        }
    }
}
