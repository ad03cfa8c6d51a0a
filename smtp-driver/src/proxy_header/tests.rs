use std::format;
use std::vec;

use super::*;

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A header of version 2 with this command, family and block.
fn v2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let mut octets = SIGNATURE.to_vec();
    octets.extend([command, family]);
    octets.extend((block.len() as u16).to_be_bytes());
    octets.extend(block);
    octets
}

const BLOCK4: [u8; 12] = [192, 0, 2, 7, 192, 0, 2, 25, 0x9c, 0x40, 0, 25];

/// Parses each beginning: it is incomplete until the result is final.
fn parse(input: &[u8]) -> Result<Option<(ProxyHeader, usize)>, InvalidProxyHeader> {
    let whole = ProxyHeader::parse(input);
    for end in 0..input.len() {
        let cut = ProxyHeader::parse(&input[..end]);
        assert!(cut == Ok(None) || cut == whole, "{:?}: {cut:?}", &input[..end]);
    }
    let mut longer = input.to_vec();
    longer.extend(b"EHLO client.example\r\n\r\n");
    if whole != Ok(None) {
        assert_eq!(ProxyHeader::parse(&longer), whole);
    }
    whole
}

fn read(input: &[u8]) -> ProxyHeader {
    let (header, octets) = parse(input).unwrap().unwrap();
    assert_eq!(octets, input.len());
    let again = header.to_octets();
    assert_eq!(
        ProxyHeader::parse(&again),
        Ok(Some((header.clone(), again.len())))
    );
    header
}

#[test]
fn lines_of_version_1() {
    let tcp4 = b"PROXY TCP4 192.0.2.7 192.0.2.25 40000 25\r\n";
    let header = read(tcp4);
    assert_eq!(header.version(), ProxyVersion::V1);
    assert_eq!(header.source(), Some(address("192.0.2.7:40000")));
    assert_eq!(header.destination(), Some(address("192.0.2.25:25")));
    assert_eq!(header.to_octets(), tcp4);
    let tcp6 = b"PROXY TCP6 2001:db8::7 2001:db8::25 65535 0\r\n";
    assert_eq!(read(tcp6).source(), Some(address("[2001:db8::7]:65535")));
    assert_eq!(read(tcp6).to_octets(), tcp6);
    for unknown in [
        "PROXY UNKNOWN\r\n",
        "PROXY UNKNOWN \r\n",
        "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n",
    ] {
        let header = read(unknown.as_bytes());
        assert_eq!(header.addresses(), ProxyAddresses::Unknown);
        assert_eq!(header.source(), None);
    }
    let longest = format!("PROXY UNKNOWN {}\r\n", "x".repeat(91));
    assert_eq!(longest.len(), ProxyHeader::MAX_V1);
    read(longest.as_bytes());
}

#[test]
fn lines_that_are_malformed() {
    for line in [
        "PROXY \r\n",
        "PROXY TCP\r\n",
        "PROXY tcp4 192.0.2.7 192.0.2.25 1 25\r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.25 1\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.25 1 25 \r\n",
        "PROXY TCP4  192.0.2.7 192.0.2.25 1 25\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.25 1 65536\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.25 01 25\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.25 -1 25\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.25 +1 25\r\n",
        "PROXY TCP4 192.0.2.007 192.0.2.25 1 25\r\n",
        "PROXY TCP4 192.0.2.256 192.0.2.25 1 25\r\n",
        "PROXY TCP4 2001:db8::7 192.0.2.25 1 25\r\n",
        "PROXY TCP6 192.0.2.7 2001:db8::25 1 25\r\n",
        "PROXY TCP6 2001:db8::7%eth0 2001:db8::25 1 25\r\n",
        "PROXY TCP6 2001:db8:::7 2001:db8::25 1 25\r\n",
        "PROXY UNKNOWNX\r\n",
        "PROXY UDP4 192.0.2.7 192.0.2.25 1 25\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.25 1 25\n",
        "PROXY UNKNOWN\n\r\n",
    ] {
        assert_eq!(
            parse(line.as_bytes()),
            Err(InvalidProxyHeader::Malformed),
            "{line}"
        );
    }
    let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(92));
    assert_eq!(parse(long.as_bytes()), Err(InvalidProxyHeader::TooLong));
    for other in [
        "EHLO a\r\n",
        "PROXI",
        "PROXY\r\n",
        "proxy unknown\r\n",
        "\n",
        "\r\n\r\n\0\r\nQUIX",
    ] {
        assert_eq!(
            parse(other.as_bytes()),
            Err(InvalidProxyHeader::Missing),
            "{other}"
        );
    }
}

#[test]
fn headers_of_version_2() {
    let header = read(&v2(0x21, 0x11, &BLOCK4));
    assert_eq!(header.version(), ProxyVersion::V2);
    assert_eq!(header.source(), Some(address("192.0.2.7:40000")));
    assert_eq!(header.destination(), Some(address("192.0.2.25:25")));
    assert_eq!(header.to_octets(), v2(0x21, 0x11, &BLOCK4));
    let made = ProxyHeader::new(
        ProxyVersion::V2,
        address("[2001:db8::7]:1"),
        address("[2001:db8::25]:25"),
    );
    assert_eq!(read(&made.to_octets()), made);
    // One family is of both addresses.
    let mixed = ProxyHeader::new(ProxyVersion::V2, address("192.0.2.7:1"), address("[::1]:25"));
    assert_eq!(
        read(&mixed.to_octets()).source(),
        Some(address("[::ffff:192.0.2.7]:1"))
    );
}

#[test]
fn headers_without_addresses() {
    for block in [&b""[..], b"xyz", &BLOCK4, &[0; 4096]] {
        let local = read(&v2(0x20, 0x11, block));
        assert_eq!(local.addresses(), ProxyAddresses::Local);
        let local = read(&v2(0x20, 0xff, block));
        assert_eq!(local.addresses(), ProxyAddresses::Local);
        let unknown = read(&v2(0x21, 0x00, block));
        assert_eq!(unknown.addresses(), ProxyAddresses::Unknown);
    }
    // UDP and Unix sockets are valid, and no address of a client of SMTP.
    for (family, octets) in [(0x12, 12), (0x22, 36), (0x31, 216), (0x32, 216)] {
        let header = read(&v2(0x21, family, &vec![1; octets]));
        assert_eq!(header.addresses(), ProxyAddresses::Unknown);
        let short = v2(0x21, family, &vec![1; octets - 1]);
        assert_eq!(parse(&short), Err(InvalidProxyHeader::Addresses));
    }
    assert_eq!(
        read(&ProxyHeader::local(ProxyVersion::V2).to_octets()).addresses(),
        ProxyAddresses::Local
    );
    assert_eq!(
        ProxyHeader::local(ProxyVersion::V1).to_octets(),
        b"PROXY UNKNOWN\r\n"
    );
}

#[test]
fn binary_headers_that_are_malformed() {
    for (octets, why) in [
        (v2(0x11, 0x11, &BLOCK4), InvalidProxyHeader::Version),
        (v2(0x22, 0x11, &BLOCK4), InvalidProxyHeader::Version),
        (v2(0x21, 0x13, &BLOCK4), InvalidProxyHeader::Family),
        (v2(0x21, 0x41, &BLOCK4), InvalidProxyHeader::Family),
        (v2(0x21, 0x11, &BLOCK4[..11]), InvalidProxyHeader::Addresses),
        (v2(0x21, 0x21, &BLOCK4), InvalidProxyHeader::Addresses),
        (v2(0x21, 0x11, &[0; 4097]), InvalidProxyHeader::TooLong),
        (v2(0x20, 0x00, &[0; 4097]), InvalidProxyHeader::TooLong),
    ] {
        assert_eq!(parse(&octets), Err(why), "{octets:?}");
    }
    for tlvs in [&[1][..], &[1, 0], &[1, 0, 1], &[1, 0, 0, 2], &[3, 0, 3, 1, 2, 3]] {
        let octets = v2(0x21, 0x11, &[&BLOCK4, tlvs].concat());
        assert_eq!(parse(&octets), Err(InvalidProxyHeader::Value), "{tlvs:?}");
    }
}

#[test]
fn values_are_kept() {
    let header = ProxyHeader::new(ProxyVersion::V2, address("192.0.2.7:1"), address("192.0.2.25:25"))
        .with_value(ProxyHeader::ALPN, b"smtp")
        .and_then(|header| header.with_value(0xe0, b""))
        .and_then(|header| header.with_value(0xe0, b"second"))
        .unwrap();
    let read = read(&header.to_octets());
    assert_eq!(read, header);
    assert_eq!(
        read.values().collect::<Vec<_>>(),
        [(1, &b"smtp"[..]), (0xe0, b""), (0xe0, b"second")]
    );
    assert_eq!(read.value(0xe0), Some(&b""[..]));
    assert_eq!(read.value(ProxyHeader::SSL), None);
    let long = header.clone().with_value(0xe1, &[0; 4096]);
    assert_eq!(long, Err(InvalidProxyHeader::TooLong));
    let most = vec![7; ProxyHeader::MAX_V2 - 36 - 7 - 3];
    let longest = ProxyHeader::new(ProxyVersion::V2, address("[::1]:1"), address("[::1]:25"))
        .with_value(0xe1, &most)
        .unwrap()
        .with_checksum();
    assert_eq!(longest.to_octets().len(), 16 + ProxyHeader::MAX_V2);
    assert_eq!(self::read(&longest.to_octets()), longest);
    assert_eq!(header.with_value(3, b"abcd"), Err(InvalidProxyHeader::Value));
    let line = ProxyHeader::unknown(ProxyVersion::V1);
    assert_eq!(
        line.clone().with_value(1, b"smtp"),
        Err(InvalidProxyHeader::Value)
    );
    assert!(!line.with_checksum().has_checksum());
}

#[test]
fn checksums() {
    let header = ProxyHeader::new(
        ProxyVersion::V2,
        address("192.0.2.7:40000"),
        address("192.0.2.25:25"),
    )
    .with_value(ProxyHeader::UNIQUE_ID, b"abc")
    .unwrap()
    .with_checksum();
    let octets = header.to_octets();
    assert!(read(&octets).has_checksum());
    for at in 16..octets.len() {
        let mut changed = octets.clone();
        changed[at] ^= 0x40;
        let parsed = parse(&changed);
        assert!(
            matches!(
                parsed,
                Err(InvalidProxyHeader::Checksum | InvalidProxyHeader::Value)
            ) || at == octets.len() - 7,
            "{at}: {parsed:?}"
        );
    }
    // Values may follow the checksum.
    let mut block = [&BLOCK4[..], &[3, 0, 4, 0, 0, 0, 0], &[4, 0, 1, 0]].concat();
    let sum = crc32c(&v2(0x21, 0x11, &block)).to_be_bytes();
    block[15..19].copy_from_slice(&sum);
    assert_eq!(read(&v2(0x21, 0x11, &block)).value(4), Some(&[0][..]));
    // A second one could not be checked.
    block.extend([3, 0, 4, 0, 0, 0, 0]);
    assert!(parse(&v2(0x21, 0x11, &block)).is_err());
    // It counts without addresses, too.
    let mut unknown = ProxyHeader::unknown(ProxyVersion::V2).with_checksum().to_octets();
    assert!(read(&unknown).has_checksum());
    *unknown.last_mut().unwrap() ^= 1;
    assert_eq!(parse(&unknown), Err(InvalidProxyHeader::Checksum));
}

/// CRC32c, bit by bit.
fn crc32c(octets: &[u8]) -> u32 {
    let mut sum = !0_u32;
    for octet in octets {
        sum ^= u32::from(*octet);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0x82f6_3b78 & 0_u32.wrapping_sub(sum & 1));
        }
    }
    !sum
}

#[test]
fn a_changed_octet_does_not_make_the_result_depend_on_the_cut() {
    let tcp6 = ProxyHeader::new(ProxyVersion::V2, address("[2001:db8::7]:1"), address("[::1]:25"))
        .with_value(ProxyHeader::AUTHORITY, b"mx.example")
        .unwrap();
    for octets in [
        b"PROXY TCP4 192.0.2.7 192.0.2.25 40000 25\r\n".to_vec(),
        b"PROXY TCP6 2001:db8::7 ::1 1 25\r\n".to_vec(),
        b"PROXY UNKNOWN x\r\n".to_vec(),
        tcp6.clone().with_checksum().to_octets(),
        tcp6.to_octets(),
        v2(0x20, 0, b"xyz"),
    ] {
        for at in 0..octets.len() {
            let flips = (0..8).map(|bit| octets[at] ^ 1 << bit);
            for octet in flips.chain(*b"\0\r\n .:0\xff") {
                let mut changed = octets.clone();
                changed[at] = octet;
                if let Ok(Some((header, _))) = parse(&changed) {
                    let written = header.to_octets();
                    assert_eq!(ProxyHeader::parse(&written), Ok(Some((header, written.len()))));
                }
            }
            let mut shorter = octets.clone();
            shorter.remove(at);
            let _ = parse(&shorter);
        }
    }
}
