use std::{format, vec};

use super::*;

#[test]
fn debug_output_shows_no_channel_binding_and_no_certificate() {
    let mut info = TlsInfo::default();
    assert!(format!("{info:?}").contains("channel_binding: None"));
    info.protocol = Some("TLSv1.3".into());
    info.peer_certificate = Some(vec![77; 1000]);
    info.channel_binding = Some([77; 32]);
    let shown = format!("{info:?}");
    assert!(
        shown.contains("TLSv1.3") && shown.contains("1000 octets"),
        "{shown}"
    );
    assert!(!shown.contains("77"), "{shown}");
}
