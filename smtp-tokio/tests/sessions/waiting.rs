//! Waits of a connection.

use smtp_proto::server::Closed;
use smtp_tokio::Reader;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    net::{TcpListener, TcpStream},
};

use crate::support::{bob, client_config, on, receive, server_config};

#[tokio::test]
async fn the_farewell_arrives_although_input_is_left_unread() {
    for _ in 0..20 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let serving = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            receive(stream, server_config()).await.1
        });
        let mut greeting = [0; 4];
        stream.read_exact(&mut greeting).await.unwrap();
        // The size of this chunk is invalid, so the session ends while much input is unread.
        let mut said = b"EHLO c\r\nBDAT x\r\n".to_vec();
        said.extend(b"x".repeat(200_000));
        stream.write_all(&said).await.unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.unwrap();
        drop(stream);
        assert!(heard.lines().last().unwrap().starts_with("421 "), "{heard}");
        assert_eq!(serving.await.unwrap(), Closed::ChunkSizeUnknown);
    }
}

#[test]
fn awaited_futures_may_move_between_threads() {
    fn is_send(_: &impl Send) {}
    let (near, far) = duplex(1);
    is_send(&receive(near, server_config()));
    is_send(&async move {
        let mut client = on(far, client_config()).await.unwrap();
        let _ = client.send(bob(), b"").await.unwrap();
        let _ = client.send_from(bob(), Reader(tokio::io::empty())).await.unwrap();
        client.noop().await.unwrap();
        client.quit().await.unwrap();
    });
}

/// An application awaits these futures within its own, so they must not be large.
#[tokio::test]
async fn the_future_of_a_send_is_small() {
    let (near, far) = duplex(1000);
    let sending = async {
        let mut client = on(near, client_config()).await.unwrap();
        let send = size_of_val(&client.send(bob(), b"Hello\r\n"));
        assert!(send <= 1536, "{send} octets");
        let send_from = size_of_val(&client.send_from(bob(), Reader(tokio::io::empty())));
        assert!(send_from <= 1536, "{send_from} octets");
        client.quit().await.unwrap();
    };
    tokio::join!(sending, receive(far, server_config()));
}
