//! Connecting to a server.

use smtp_tokio::{Address, Client};
use tokio::net::TcpListener;

use crate::support::{bob, client_config, receive, server_config};

#[tokio::test]
async fn a_server_is_found_by_its_name() {
    // The name may resolve to an IPv6 address first, on which no server accepts connections.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ("localhost", listener.local_addr().unwrap().port());
    let serving = async { receive(listener.accept().await.unwrap().0, server_config()).await };
    let connecting = async {
        let client = Client::builder(client_config()).connect(address).await?;
        client.quit().await
    };
    let (_, quit) = tokio::join!(serving, connecting);
    quit.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_message_arrives_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("smtp.sock");
    let path = path.to_str().unwrap();
    let listener = tokio::net::UnixListener::bind(path).unwrap();
    let serving = async { receive(listener.accept().await.unwrap().0, server_config()).await };
    let sending = async {
        let builder = Client::builder(client_config());
        let mut client = builder.connect(Address::unix(path)).await.unwrap();
        assert!(client.send(bob(), b"Hello\r\n").await.unwrap().all_accepted());
        client.quit().await.unwrap();
    };
    let ((mails, _), ()) = tokio::join!(serving, sending);
    assert_eq!(mails[0].body, b"Hello\r\n");
}
