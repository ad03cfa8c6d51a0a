//! The adapters have the same names.

use std::collections::BTreeSet;

/// The names at the root of a crate: of what it re-exports, and of its types with their parameters.
fn names(source: &str) -> BTreeSet<&str> {
    let types = source
        .split("\npub type ")
        .skip(1)
        .filter_map(|rest| rest.split(" =").next());
    let lists = source
        .split("\npub use ")
        .skip(1)
        .filter_map(|rest| rest.split(';').next());
    let items = lists.flat_map(|list| {
        list.rsplit('{')
            .next()
            .unwrap_or(list)
            .trim_end_matches('}')
            .split(',')
    });
    // `a::b as c` is named `c`.
    let items = items.filter_map(|item| item.split([' ', ':']).next_back().map(str::trim));
    types.chain(items).filter(|name| !name.is_empty()).collect()
}

#[test]
fn each_adapter_has_the_same_names() {
    let tokio = names(include_str!("../../../smtp-tokio/src/lib.rs"));
    assert!(
        [
            "Client",
            "Connection<S, M>",
            "Runtime",
            "Service",
            "driver",
            "serve",
            "tls"
        ]
        .iter()
        .all(|name| tokio.contains(name))
    );
    assert_eq!(names(include_str!("../../../smtp-async-std/src/lib.rs")), tokio);
    let mut blocking = names(include_str!("../../../smtp-blocking/src/lib.rs"));
    assert!(blocking.remove("Blocking") && blocking.remove("block_on"));
    assert_eq!(blocking, tokio);
}
