//! The program itself: its addresses, its exit code.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_inbox");

#[test]
fn the_program_prints_its_addresses() {
    let flags = ["--listen", "127.0.0.1:0", "--web", "127.0.0.1:0"];
    let mut inbox = Command::new(PROGRAM)
        .args(flags)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(inbox.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let (smtp, page) = (lines.next().unwrap(), lines.next().unwrap());

    let smtp = TcpStream::connect(smtp.strip_prefix("SMTP  ").unwrap()).unwrap();
    let mut greeting = String::new();
    BufReader::new(smtp).read_line(&mut greeting).unwrap();
    assert!(greeting.starts_with("220 "), "{greeting}");

    let address = page.strip_prefix("Page  http://").unwrap();
    let mut page = TcpStream::connect(address).unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    page.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    page.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    inbox.kill().unwrap();
    inbox.wait().unwrap();
}

#[test]
fn flags_that_cannot_be_used_end_it() {
    for flags in [
        &["--unknown"][..],
        &["--user", "pencil"],
        &["--require-tls"],
        &["--release-to", "ftp://example.org"],
        &["--listen", "192.0.2.1:1"],
    ] {
        let ended = Command::new(PROGRAM).args(flags).output().unwrap();
        assert_eq!(ended.status.code(), Some(64), "{flags:?}");
        assert!(
            !String::from_utf8_lossy(&ended.stderr).contains("'pencil'"),
            "a password is not shown"
        );
    }
}
