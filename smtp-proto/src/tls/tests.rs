use std::{format, vec};

use super::*;

#[test]
fn debug_output_shows_no_channel_binding_and_no_certificate() {
    let mut facts = TlsInfo::default();
    assert!(format!("{facts:?}").contains("channel_binding: None"));
    facts.protocol = Some("TLSv1.3".into());
    facts.peer_certificate = Some(vec![77; 1000]);
    facts.channel_binding = Some([77; 32]);
    let shown = format!("{facts:?}");
    assert!(
        shown.contains("TLSv1.3") && shown.contains("1000 octets"),
        "{shown}"
    );
    assert!(!shown.contains("77"), "{shown}");
}
