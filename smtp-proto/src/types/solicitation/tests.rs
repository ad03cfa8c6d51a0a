use super::SolicitationKeywords;
use crate::types::ParameterFault;

#[test]
fn keywords_are_words_with_commas() {
    for text in ["a", "org.conform:ODD", "a.b-c_d:e:F9,Z", &"a".repeat(1000)] {
        assert_eq!(SolicitationKeywords::parse(text).unwrap().as_str(), text);
    }
    for text in [
        "", ",", ",a", "a,", "a,,b", "9x", "a/b", "a;b", "a@b", "a, b", "a b", "é", ":a", "a\r\n",
    ] {
        assert_eq!(
            SolicitationKeywords::parse(text).map_err(|error| error.fault()),
            Err(ParameterFault::Value),
            "{text:?}"
        );
    }
    assert_eq!(
        SolicitationKeywords::parse("a".repeat(1001)).map_err(|error| error.fault()),
        Err(ParameterFault::Long)
    );
}

#[test]
fn a_keyword_is_found_as_a_whole() {
    let keywords = SolicitationKeywords::parse("net.example:ADV,org.example:NEWS").unwrap();
    assert!(keywords.contains("ORG.EXAMPLE:news"));
    for other in [
        "",
        "net.example",
        "net.example:ADVx",
        "et.example:ADV",
        "net.example:ADV,org.example:NEWS",
    ] {
        assert!(!keywords.contains(other), "{other}");
    }
}
