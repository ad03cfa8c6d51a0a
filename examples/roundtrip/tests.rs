use super::*;

#[track_caller]
fn check(runtime: Runtime) {
    let report = Report::default();
    run_on(runtime, &report).unwrap();
    let report = report.text();
    for part in [
        "C: STARTTLS\n",
        "C: AUTH SCRAM-SHA-512-PLUS <",
        "C: MAIL FROM:<alice@client.example>",
        "client knows: TLSv1.3, TLS",
        "server knows: TLSv1.3, TLS",
        ", alice by SCRAM-SHA-512-PLUS\n",
        " with ESMTPSA ",
        ".this line begins with a dot",
        "<b>Bob</b>",
        "Grüße aus Köln.txt",
        "octet by octet",
    ] {
        assert!(report.contains(part), "{part:?} is not in\n{report}");
    }
}

#[test]
fn a_message_goes_through_tls_and_a_login_on_tokio() {
    check(Runtime::Tokio);
}

#[test]
fn a_message_goes_through_tls_and_a_login_on_smol() {
    check(Runtime::Smol);
}

#[test]
fn a_message_goes_through_tls_and_a_login_on_async_std() {
    check(Runtime::AsyncStd);
}

#[test]
fn a_message_goes_through_tls_and_a_login_on_threads() {
    check(Runtime::Blocking);
}
