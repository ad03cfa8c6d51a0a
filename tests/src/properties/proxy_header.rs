use smtp_driver::{ProxyAddresses, ProxyHeader, ProxyVersion};

/// Input: a PROXY header. Property: each beginning is incomplete or gives the result of the whole; a parsed header is within
/// its bounds; writing and parsing it gives the same header.
pub fn proxy_header(data: &[u8]) {
    let whole = ProxyHeader::parse(data);
    for end in 0..data.len() {
        let cut = ProxyHeader::parse(&data[..end]);
        assert!(cut == Ok(None) || cut == whole, "{end} of {data:?}: {cut:?}");
    }
    let Ok(Some((header, octets))) = whole else {
        return;
    };
    assert!(octets <= data.len());
    assert_eq!(
        ProxyHeader::parse(&data[..octets]),
        Ok(Some((header.clone(), octets)))
    );
    match header.version() {
        ProxyVersion::V1 => {
            assert!(octets <= ProxyHeader::MAX_V1);
            assert!(data[..octets].ends_with(b"\r\n"));
            assert_eq!(header.values().count(), 0);
        }
        ProxyVersion::V2 => assert!(octets <= 16 + ProxyHeader::MAX_V2),
    }
    if let ProxyAddresses::Tcp { source, destination } = header.addresses() {
        assert_eq!(source.is_ipv4(), destination.is_ipv4());
    }
    for (kind, value) in header.values() {
        assert!(header.value(kind).is_some() && value.len() < octets);
    }
    let written = header.to_octets();
    assert!(written.len() <= octets.max(ProxyHeader::MAX_V1));
    assert_eq!(ProxyHeader::parse(&written), Ok(Some((header, written.len()))));
}
