//! Messages from a client to a server over the sockets of this crate.

use std::net::{TcpListener, TcpStream};

use smtp_async_std::{Address, Client, Error, Listener, Reader};
use smtp_proto::server::Closed;

use crate::{
    runtimes::Runtime,
    support::{bob, client_config, options, server_config, start, start_on, text},
};

on_each_runtime! {
    a_session_has_many_messages_and_queries,
    a_server_that_does_not_listen_is_an_error,
    a_host_name_is_tried_at_each_address,
    a_message_arrives_over_a_unix_socket,
}

fn a_session_has_many_messages_and_queries<R: Runtime>() {
    let server = start::<R>(server_config(), options(10, 10));
    R::block_on(async {
        let mut client = server.client().await.unwrap();
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

fn a_server_that_does_not_listen_is_an_error<R: Runtime>() {
    R::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // No server listens on a client's own address, and no other test can bind it.
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let address = client.local_addr().unwrap();
        for address in [
            Address::from(address.to_string()),
            Address::unix("/nonexistent/socket"),
            Address::from("host.invalid:25"),
            Address::from("no port"),
        ] {
            let refused = Client::builder(client_config())
                .connect(address)
                .await
                .unwrap_err();
            assert!(matches!(refused, Error::Connect(_)), "{refused}");
        }
    });
}

/// On many systems `localhost` is also `::1`, on which this server does not accept connections.
fn a_host_name_is_tried_at_each_address<R: Runtime>() {
    let server = start::<R>(server_config(), options(10, 10));
    R::block_on(async {
        let port = server.address().port();
        let client = Client::builder(client_config())
            .connect(("localhost", port))
            .await;
        client.unwrap().quit().await.unwrap();
    });
}

fn a_message_arrives_over_a_unix_socket<R: Runtime>() {
    let folder = std::env::temp_dir().join(format!(
        "smtp-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("socket");
    let server = start_on::<R>(Listener::bind_unix(&path).unwrap(), server_config());
    assert!(Listener::bind_unix(&path).is_err(), "it exists");
    let message = text(200_000);
    R::block_on(async {
        let address = Address::unix(path.to_str().unwrap());
        let mut client = Client::builder(client_config()).connect(address).await.unwrap();
        let receipt = client.send_from(bob(), Reader(&message[..])).await.unwrap();
        assert!(receipt.all_accepted());
        client.quit().await.unwrap();
    });
    assert!(server.mail().body == message);
    assert_eq!(server.closed(), Closed::Quit);
    std::fs::remove_dir_all(folder).unwrap();
}
