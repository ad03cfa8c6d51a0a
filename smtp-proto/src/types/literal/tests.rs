use alloc::format;
use proptest::prelude::*;

use super::*;
use crate::types::AddressFault;

fn address(text: &str) -> Option<IpAddr> {
    AddressLiteral::parse(text).unwrap().address()
}

#[test]
fn ipv4_is_four_numbers_below_256() {
    assert_eq!(address("[192.0.2.1]"), Some(Ipv4Addr::new(192, 0, 2, 1).into()));
    assert_eq!(address("[0.0.0.0]"), Some(Ipv4Addr::UNSPECIFIED.into()));
    assert_eq!(
        address("[010.001.2.255]"),
        Some(Ipv4Addr::new(10, 1, 2, 255).into()),
        "decimal, whatever the zeros"
    );
    for text in [
        "[999.1.1.1]",
        "[1.2.3]",
        "[1.2.3.4.5]",
        "[1.2.3.256]",
        "[0001.2.3.4]",
        "[1.2.3.]",
        "[1..2.3]",
        "[+1.2.3.4]",
        "[]",
    ] {
        assert_eq!(
            AddressLiteral::parse(text).unwrap_err().fault(),
            AddressFault::Literal,
            "{text}"
        );
    }
}

#[test]
fn ipv4_is_written_without_leading_zeros() {
    for octet in 0..=255 {
        let address = Ipv4Addr::new(octet, 0, 255 - octet, octet);
        assert_eq!(AddressLiteral::from(address).as_str(), format!("[{address}]"));
    }
}

#[test]
fn ipv6_has_a_tag_in_any_case() {
    let expected: Ipv6Addr = "2001:db8::1".parse().unwrap();
    for text in [
        "[IPv6:2001:db8::1]",
        "[ipv6:2001:DB8::1]",
        "[IPV6:2001:db8:0:0:0:0:0:1]",
        "[IPv6:2001:db8::0.0.0.1]",
    ] {
        assert_eq!(address(text), Some(expected.into()), "{text}");
    }
    assert_eq!(address("[IPv6:::1]"), Some(Ipv6Addr::LOCALHOST.into()));
    assert_eq!(address("[IPv6:::]"), Some(Ipv6Addr::UNSPECIFIED.into()));
    assert_eq!(
        address("[IPv6:1:2:3:4:5:6:1.2.3.4]"),
        Some("1:2:3:4:5:6:102:304".parse().unwrap())
    );
    assert_eq!(
        address("[IPv6:::ffff:192.0.2.1]"),
        Some("::ffff:192.0.2.1".parse().unwrap())
    );
}

#[test]
fn two_colons_stand_for_two_groups_or_more() {
    for text in [
        "[IPv6:1:2:3::4:5:6]",
        "[IPv6:1:2:3:4:5:6::]",
        "[IPv6:::1:2:3:4:5:6]",
        "[IPv6:1:2::3:4:1.2.3.4]",
    ] {
        assert!(AddressLiteral::parse(text).is_ok(), "{text}");
    }
    for text in [
        "[IPv6:1:2:3::4:5:6:7]",
        "[IPv6:1:2:3:4:5:6:7::]",
        "[IPv6:::1:2:3:4:5:6:7]",
        "[IPv6:1:2::3:4:5:1.2.3.4]",
    ] {
        assert_eq!(
            AddressLiteral::parse(text).unwrap_err().fault(),
            AddressFault::Literal,
            "{text}"
        );
    }
}

#[test]
fn malformed_ipv6_is_not_parsed_as_another_kind() {
    for text in [
        "[IPv6:]",
        "[IPv6:1]",
        "[IPv6:::::]",
        "[IPv6:1::2::3]",
        "[IPv6:1:::2]",
        "[IPv6:12345::]",
        "[IPv6:g::]",
        "[IPv6:1:2:3:4:5:6:7]",
        "[IPv6:1:2:3:4:5:6:7:8:9]",
        "[IPv6:1.2.3.4::]",
        "[IPv6:1:2:3:4:5:6:7:1.2.3.4]",
        "[IPv6:+1::]",
        "[IPv6:fe80::1%eth0]",
    ] {
        assert_eq!(
            AddressLiteral::parse(text).unwrap_err().fault(),
            AddressFault::Literal,
            "{text}"
        );
    }
}

#[test]
fn other_kinds_have_a_tag_and_a_content() {
    assert_eq!(address("[x-net:any!thing:@%]"), None);
    for text in [
        "[:a]", "[a:]", "[a-:b]", "[a_b:c]", "[a:b c]", "[a:b[c]", "[a:b\\c]", "[é:b]", "[a:b", "a:b]",
        "[a:b]x",
    ] {
        assert!(AddressLiteral::parse(text).is_err(), "{text}");
    }
    let longest = std::format!("[a:{}]", "x".repeat(AddressLiteral::MAX - 4));
    assert!(AddressLiteral::parse(&longest).is_ok());
    assert!(AddressLiteral::parse(&longest.replace("a:", "aa:")).is_err());
}

#[test]
fn a_host_is_a_literal_when_it_has_a_bracket() {
    assert!(matches!(Host::parse("[127.0.0.1]"), Ok(Host::Literal(_))));
    assert!(matches!(Host::parse("127.0.0.1"), Ok(Host::Domain(_))));
    assert_eq!(
        "[IPv6:::A]".parse::<Host<'_>>().unwrap(),
        Host::parse("[ipv6:::a]").unwrap()
    );
}

proptest! {
    #[test]
    fn an_address_is_read_back_from_its_literal(address: [u16; 8], v4: [u8; 4], v6: bool, zeros in 0..8usize) {
        let mut groups = address;
        groups[zeros..].iter_mut().for_each(|group| *group = 0);
        let address = if v6 { IpAddr::from(groups) } else { IpAddr::from(v4) };
        let literal = AddressLiteral::from(address);
        prop_assert_eq!(AddressLiteral::parse(literal.as_str()).unwrap().address(), Some(address));
    }

    #[test]
    fn ipv6_parsing_agrees_with_the_standard_library(text in "[0-9a-f:.]{0,24}") {
        let literal = std::format!("[IPv6:{text}]");
        if let Ok(literal) = AddressLiteral::parse(&literal) && !text.contains('.') {
            prop_assert_eq!(literal.address(), Some(IpAddr::V6(text.parse().unwrap())));
        }
    }
}
