use std::{string::ToString, vec::Vec};

use super::{ClientAttribute, ClientAttributes};

#[test]
fn attributes_are_found_in_any_case_and_as_a_whole() {
    for attribute in ClientAttribute::ALL {
        assert_eq!(
            ClientAttribute::find(attribute.as_str().to_lowercase().as_bytes()),
            Some(attribute)
        );
    }
    for name in ["", "NAM", "NAMES", "DEST"] {
        assert_eq!(ClientAttribute::find(name.as_bytes()), None, "{name}");
    }
}

#[test]
fn a_set_lists_its_attributes_in_order() {
    let all: ClientAttributes = ClientAttribute::ALL.into_iter().rev().collect();
    assert_eq!(all.iter().collect::<Vec<_>>(), ClientAttribute::ALL);
    assert_eq!(
        ClientAttributes::XCLIENT.to_string(),
        "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"
    );
    assert_eq!(
        ClientAttributes::XFORWARD.to_string(),
        "NAME ADDR PORT PROTO HELO IDENT SOURCE"
    );
    let without = ClientAttributes::XCLIENT.without(ClientAttribute::Login);
    assert!(!without.contains(ClientAttribute::Login) && without.contains(ClientAttribute::Helo));
    assert!(ClientAttributes::default().is_empty() && !without.is_empty());
}
