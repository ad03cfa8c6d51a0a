use super::*;
use alloc::string::String;
use alloc::vec::Vec;
use proptest::prelude::*;

fn encoded(octets: &[u8]) -> String {
    let mut sink = Vec::new();
    encode(octets, &mut sink);
    String::from_utf8(sink).unwrap()
}

#[test]
fn the_examples_of_rfc_4648() {
    for (octets, text) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(encoded(octets.as_bytes()), text);
        assert_eq!(decode(text.as_bytes()), Some(octets.into()));
    }
}

#[test]
fn inexact_base64_is_refused() {
    for text in [
        "Z", "Zg", "Zg=", "Zg===", "Zm8", "Zm9v=", "Zm9v====", "=", "==", "====", "Z===", "=Zg=",
        "Zg==Zg==", // padding
        "Zh==", "Zm9=", "Zn==", // bits left over
        "Zm9v\r\n", "Zm 9v", " Zm9v", "Zm9v ", "Zm\n9v", "Zm9v\0", "*", "Zm9-", "Zm9_",
        "Zm9é", // characters
    ] {
        assert_eq!(decode(text.as_bytes()), None, "{text:?}");
    }
    assert_eq!(decode(b"+/+/").unwrap().expose(), [0xFB, 0xFF, 0xBF]);
}

#[test]
fn the_length_is_bounded() {
    let most = encoded(&[0; MAX_DECODED]);
    assert_eq!(most.len(), 16_384);
    assert_eq!(decode(most.as_bytes()).unwrap().expose().len(), MAX_DECODED);
    assert_eq!(decode(encoded(&[0; MAX_DECODED + 1]).as_bytes()), None);
}

proptest! {
    #[test]
    fn decoding_reverses_encoding(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = encoded(&octets);
        prop_assert_eq!(text.len(), octets.len().div_ceil(3) * 4);
        let decoded = decode(text.as_bytes());
        prop_assert_eq!(decoded.as_ref().map(Secret::expose), Some(octets.as_slice()));
    }

    #[test]
    fn each_octet_string_has_one_encoding(text in "[A-Za-z0-9+/=]{0,12}") {
        if let Some(octets) = decode(text.as_bytes()) {
            prop_assert_eq!(encoded(octets.expose()), text);
        }
    }
}
