use super::*;

#[tokio::test]
async fn the_whole_way_goes_through_tls_and_a_login_and_shows_no_secret() {
    let mut report = String::new();
    run(&mut report).await.unwrap();
    let (session, rest) = report.split_once("What both sides know").unwrap();
    for line in [
        "S: 250-STARTTLS\n",
        "C: STARTTLS\nS: 220 ",
        "C: [TLS from here on: ",
        "S: [TLS from here on: ",
    ] {
        assert!(session.contains(line), "{line:?} is not in\n{report}");
    }
    for word in ["AUTH", "SCRAM", "MAIL FROM", "Round trip"] {
        assert!(!session.contains(word), "{word:?} went in clear\n{report}");
    }
    for part in [
        "client:     TLSv1.3, TLS",
        "server:     TLSv1.3, TLS",
        "\"alice\" by SCRAM-SHA-512-PLUS",
        " with ESMTPSA ",
        "Grüße aus Köln.txt",
    ] {
        assert!(rest.contains(part), "{part:?} is not in\n{report}");
    }
}
