//! A name server that gives broken answers. `tests/relay/dnssec.py` asks one that signs its zone.

use std::{net::UdpSocket, thread};

use super::*;

/// Octets of the header of a message in the DNS.
const HEADER: usize = 12;

/// The part of a response after the question, with its code and its number of answers.
struct Response {
    code: u8,
    answers: u8,
    rest: Vec<u8>,
}

/// Answers all questions so.
fn server(response: Response) -> SystemDns {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut request = [0; 4096];
        while let Ok((length, peer)) = socket.recv_from(&mut request) {
            let answer = answer(&request[..length], &response);
            let _ = socket.send_to(&answer, peer);
        }
    });
    SystemDns::new(Some(address), None).unwrap()
}

fn answer(request: &[u8], response: &Response) -> Vec<u8> {
    // The question ends with the root label, a type and a class.
    let question = request[HEADER..].iter().position(|octet| *octet == 0).unwrap() + 5;
    let mut octets = request[..HEADER + question].to_vec();
    octets[2..HEADER].copy_from_slice(&[0x81, 0x80 | response.code, 0, 1, 0, response.answers, 0, 0, 0, 0]);
    octets.extend(&response.rest);
    octets
}

/// A record for the name of the question.
fn record(kind: u8, data: &[u8]) -> Vec<u8> {
    let mut octets = vec![0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, data.len() as u8];
    octets.extend(data);
    octets
}

async fn ask(response: Response) -> Answer {
    let dns = server(response);
    let name = Name::parse("mx1.example.org").unwrap();
    dns.answer(Question::Addresses(name, Family::V4)).await
}

#[tokio::test]
async fn a_broken_answer_is_a_failure_and_no_denial() {
    let empty = |code| Response {
        code,
        answers: 0,
        rest: Vec::new(),
    };
    let one = |rest| Response {
        code: 0,
        answers: 1,
        rest,
    };
    for (case, response) in [
        ("SERVFAIL", empty(2)),
        ("NOTIMP", empty(4)),
        ("REFUSED", empty(5)),
        ("no record, and no SOA", empty(0)),
        ("no name, and no SOA", empty(3)),
        ("an alias of itself", one(record(5, &[0xc0, 12]))),
        ("an alias with an empty name", one(record(5, &[0]))),
        ("an alias without a name", one(record(5, &[]))),
        ("an address without a signature", one(record(1, &[192, 0, 2, 1]))),
        ("an address of three octets", one(record(1, &[192, 0, 2]))),
        ("a record that is missing", one(Vec::new())),
    ] {
        let answer = ask(response).await;
        assert!(matches!(answer, Answer::Failed(_)), "{case}: {answer:?}");
    }
}
