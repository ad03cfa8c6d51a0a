//! Messages from a client to a server, both of this crate.

use futures_lite::io::Cursor;
use smtp_proto::{
    client::{ExtensionUse, Receipt},
    server::Closed,
    types::Rejection,
};

use crate::{
    runtimes::Runtime,
    support::{bob, client_config, options, server_config, start, text},
};

on_each_runtime! {
    messages_arrive_as_they_were_sent,
    messages_in_a_row_arrive,
    a_session_has_many_messages_and_questions,
    a_refusal_is_in_the_receipt,
    nobody_there_is_an_error,
}

fn messages_arrive_as_they_were_sent<R: Runtime>() {
    let server = start::<R>(server_config(), options(10, 10));
    let message = text(2 << 20);
    for chunking in [ExtensionUse::Never, ExtensionUse::IfOffered] {
        for from_reader in [false, true] {
            let mut config = client_config();
            config.chunking = chunking;
            let mut client = R::connect(server.address, config).unwrap();
            let receipt = R::block_on(async {
                if from_reader {
                    client.send_from(bob(), Cursor::new(&message)).await.unwrap()
                } else {
                    client.send(bob(), &message).await.unwrap()
                }
            });
            assert!(receipt.all_accepted());
            R::block_on(client.quit()).unwrap();
            let mail = server.mail();
            assert_eq!(mail.from, "<alice@client.example>");
            assert_eq!(mail.to, ["<bob@mx.example>"]);
            assert!(mail.body == message);
            assert_eq!(server.closed(), Closed::Quit);
        }
    }
}

fn messages_in_a_row_arrive<R: Runtime>() {
    let server = start::<R>(server_config(), options(10, 10));
    let messages = [0, 300, 40, 200_000, 5].map(text);
    let mut client = R::connect(server.address, client_config()).unwrap();
    let mut results = Vec::new();
    let all = messages.iter().map(|message| (bob(), &**message));
    R::block_on(client.send_all(all, |result| results.push(result)));
    assert_eq!(results.len(), messages.len());
    for (result, message) in results.iter().zip(&messages) {
        assert!(result.as_ref().is_ok_and(Receipt::all_accepted));
        assert!(server.mail().body == *message);
    }
    R::block_on(client.quit()).unwrap();
}

fn a_session_has_many_messages_and_questions<R: Runtime>() {
    let server = start::<R>(server_config(), options(10, 10));
    let mut client = R::connect(server.address, client_config()).unwrap();
    R::block_on(async {
        for number in 0..10 {
            let message = text(number * 100);
            assert!(client.send(bob(), &message).await.unwrap().all_accepted());
            assert!(client.noop().await.unwrap().is_positive_completion());
            assert!(client.help(None).await.unwrap().is_positive_completion());
            assert!(server.mail().body == message);
        }
        client.quit().await.unwrap();
    });
}

fn a_refusal_is_in_the_receipt<R: Runtime>() {
    let server = start::<R>(server_config(), options(10, 10));
    let mut client = R::connect(server.address, client_config()).unwrap();
    let envelope = bob().recipient(smtp_proto::types::ForwardPath::parse("nobody@mx.example").unwrap());
    R::block_on(async {
        let receipt = client.send(envelope, b"Hello\r\n").await.unwrap();
        assert!(!receipt.all_accepted());
        let fates = receipt.recipients().map(|(_, fate)| format!("{fate:?}"));
        let [taken, refused] = fates.collect::<Vec<_>>().try_into().unwrap();
        let code = Rejection::NO_SUCH_USER.code().to_string();
        assert!(
            !taken.contains(&code) && refused.contains(&code),
            "{taken} {refused}"
        );
        client.quit().await.unwrap();
    });
    assert_eq!(server.mail().to, ["<bob@mx.example>"]);
}

fn nobody_there_is_an_error<R: Runtime>() {
    let address = {
        let listener = R::listen();
        smtp_async_std::Listener::local_addr(&listener).unwrap()
    };
    let refused = R::connect(address, client_config()).unwrap_err();
    assert!(matches!(refused, smtp_async_std::Error::Connect(_)), "{refused}");
}
