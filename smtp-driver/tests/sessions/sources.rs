//! Messages that are read while they are sent.

use std::{io, time::Duration};

use smtp_driver::{
    Error, ExactLength,
    proto::{
        Phase,
        client::{Closed, ExtensionUse, MessageOutcome},
    },
    testing::{Network, ScriptedPeer, join},
};

use crate::support::{
    ENVELOPE, ENVELOPE_FOR_CHUNKS, Pieces, bob, client_config, connect, ending, minutes, receive,
    server_config, text,
};

#[test]
fn a_message_is_read_in_pieces_of_any_size() {
    let message = text(200_000);
    for size in [1000, 65_536, 150_000] {
        let network = Network::new();
        let (near, far) = network.pair();
        let pieces = message
            .chunks(size)
            .map(|piece| (0, Ok(piece.to_vec())))
            .collect();
        let source = Pieces::new(&network, pieces);
        let sending = async {
            let mut client = connect(near, client_config()).await.unwrap();
            let receipt = client.send_from(bob(), source).await.unwrap();
            assert!(receipt.all_accepted());
            client.quit().await.unwrap();
        };
        let ((), received) = network.block_on(join(sending, receive(far, server_config())));
        assert!(received.mails[0].body == message);
    }
}

/// Returns the chunks of a message with a pause before each piece, and the seconds elapsed.
fn chunks(pause: u64, pieces: usize) -> (Vec<usize>, f64) {
    let network = Network::new();
    let (near, far) = network.pair();
    let pieces = (0..pieces)
        .map(|_| (pause, Ok(b"12345678\r\n".to_vec())))
        .collect();
    let source = Pieces::new(&network, pieces);
    let sending = async {
        let mut config = client_config();
        config.chunking = ExtensionUse::IfOffered;
        let mut client = connect(near, config).await.unwrap();
        client.send_from(bob(), source).await.unwrap()
    };
    let serving = async {
        let mut server = ScriptedPeer::server(far);
        server.play(ENVELOPE_FOR_CHUNKS).await.unwrap();
        let mut sizes = Vec::new();
        loop {
            let line = server.line().await.unwrap();
            let words: Vec<&str> = line.split(' ').collect();
            let size = words[1].parse().unwrap();
            server.octets(size).await.unwrap();
            server.send("250 ok\r\n").await.unwrap();
            sizes.push(size);
            if words.len() == 3 {
                return (sizes, server);
            }
        }
    };
    let (receipt, (sizes, _server)) = network.block_on(join(sending, serving));
    assert!(receipt.all_accepted());
    (sizes, network.now().since_origin().as_secs_f64())
}

#[test]
fn pieces_within_the_fill_timeout_are_sent_in_one_chunk() {
    let (sizes, seconds) = chunks(10, 50);
    assert_eq!(sizes, [500]);
    assert!(seconds < 0.6, "{seconds}");
}

#[test]
fn octets_of_a_slow_source_are_sent_after_the_fill_timeout() {
    let (sizes, _) = chunks(600, 10);
    assert!(sizes.len() > 2 && sizes.iter().sum::<usize>() == 100, "{sizes:?}");
    let (sizes, seconds) = chunks(30_000, 3);
    assert_eq!(sizes.iter().sum::<usize>(), 30);
    assert!(sizes.len() >= 3, "{sizes:?}");
    assert!((90.0..95.0).contains(&seconds), "{seconds}");
}

#[test]
fn a_message_that_cannot_be_read_to_its_end_is_not_delivered() {
    for before in [0, 10, 100_000] {
        let network = Network::new();
        let (near, far) = network.pair();
        let broken = Err(io::ErrorKind::InvalidData.into());
        let source = Pieces::new(&network, vec![(0, Ok(text(before))), (5, broken)]);
        let sending = async {
            let mut client = connect(near, client_config()).await.unwrap();
            let failed = client.send_from(bob(), source).await.unwrap_err();
            assert!(!client.is_usable());
            failed
        };
        let (failed, received) = network.block_on(join(sending, receive(far, server_config())));
        match failed.error {
            Error::Source(error) => assert_eq!(error.kind(), io::ErrorKind::InvalidData),
            other => panic!("{other}"),
        }
        assert!(received.mails.is_empty());
        assert!(network.now().since_origin() < Duration::from_secs(5));
    }
}

/// Sends 10 octets as a message of this length, and returns the failure and the message that was accepted.
fn send_exactly(octets: u64, chunking: ExtensionUse) -> (Option<Error<io::Error>>, Option<Vec<u8>>) {
    let network = Network::new();
    let (near, far) = network.pair();
    let mut source = Pieces::new(&network, vec![(0, Ok(b"12345\r\n.\r\n".to_vec()))]);
    let sending = async {
        let mut config = client_config();
        config.chunking = chunking;
        let mut client = connect(near, config).await.unwrap();
        let message = ExactLength::new(&mut source, octets);
        let sent = client.send_from(bob(), message).await;
        assert!(sent.is_ok() == client.is_usable());
        sent.err().map(|failed| failed.error)
    };
    let (failed, mut received) = network.block_on(join(sending, receive(far, server_config())));
    (failed, received.mails.pop().map(|mail| mail.body))
}

#[test]
fn a_message_that_ends_before_its_length_is_not_delivered() {
    for chunking in [ExtensionUse::Never, ExtensionUse::IfOffered] {
        for octets in [11, 70_000] {
            let (failed, accepted) = send_exactly(octets, chunking);
            assert_eq!(accepted, None);
            let Some(Error::Source(error)) = failed else {
                panic!("{failed:?}");
            };
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
            assert_eq!(
                error.to_string(),
                format!("message ended {} octets early", octets - 10)
            );
        }
        for octets in [10, 7, 0] {
            let (failed, accepted) = send_exactly(octets, chunking);
            assert!(failed.is_none(), "{failed:?}");
            assert_eq!(accepted.unwrap(), b"12345\r\n.\r\n"[..octets as usize]);
        }
    }
}

#[test]
fn a_reply_is_read_while_the_source_has_nothing() {
    let network = Network::new();
    let (near, far) = network.pair();
    let source = Pieces::new(&network, vec![(1_000_000, Ok(text(10)))]);
    let sending = async {
        let mut client = connect(near, client_config()).await.unwrap();
        client.send_from(bob(), source).await.unwrap_err()
    };
    let closing = async {
        let mut server = ScriptedPeer::server(far);
        server.play(ENVELOPE).await.unwrap();
        server.play("S: 421 4.3.2 closing").await.unwrap();
    };
    let (failed, ()) = network.block_on(join(sending, closing));
    assert_eq!(
        ending(&failed),
        (Closed::NotAvailable, MessageOutcome::NotAccepted)
    );
    assert!(network.now().since_origin() < Duration::from_secs(1));
}

#[test]
fn a_source_without_octets_times_out() {
    let network = Network::new();
    let (near, far) = network.pair();
    let source = Pieces::new(&network, vec![(1_000_000, Ok(text(10)))]);
    let sending = async {
        let mut client = connect(near, client_config()).await.unwrap();
        client.send_from(bob(), source).await.unwrap_err()
    };
    let waiting = async {
        let mut server = ScriptedPeer::server(far);
        server.play(ENVELOPE).await.unwrap();
        server
    };
    let (failed, _server) = network.block_on(join(sending, waiting));
    assert_eq!(ending(&failed).0, Closed::TimedOut(Phase::DataBlock));
    assert_eq!(minutes(&network), 3);
}
