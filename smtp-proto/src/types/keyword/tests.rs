use super::Keyword;

#[test]
fn keywords_are_found_in_any_case_and_as_a_whole() {
    for (place, keyword) in Keyword::ALL.into_iter().enumerate() {
        assert_eq!(place, keyword as usize, "{keyword} is out of order");
        assert_eq!(Keyword::find(keyword.as_str().as_bytes()), Some(keyword));
        assert_eq!(
            Keyword::find(keyword.as_str().to_lowercase().as_bytes()),
            Some(keyword)
        );
        assert_eq!(Keyword::find(std::format!("{keyword}X").as_bytes()), None);
    }
    for keyword in [
        "",
        "HELPME",
        "SIZ",
        "STARTTLSxyz",
        "XSIZE",
        "8BITMIMÉ",
        "MT\rPRIORITY",
        "NO_SOLICITING",
        "MTPRIORITY",
    ] {
        assert_eq!(Keyword::find(keyword.as_bytes()), None, "{keyword}");
    }
}
