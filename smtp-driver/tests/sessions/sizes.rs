//! The memory of futures.

use std::mem::size_of_val;

use smtp_driver::{
    Client,
    testing::{Duplex, Network},
};

use crate::support::{bob, client_config, connect, receive, server_config};

/// Maximum size of a future, in octets.
const LIMIT: usize = 1500;

#[test]
fn the_futures_of_a_client_are_small() {
    let network = Network::new();
    let (near, far) = network.pair();
    let builder = Client::<Duplex>::builder(client_config());
    let size = size_of_val(&builder.on(network.pair().0));
    assert!(size < LIMIT, "on: {size}");
    let size = size_of_val(&builder.connect("mx.example:25"));
    assert!(size < LIMIT, "connect: {size}");
    let mut connecting = Box::pin(connect(near, client_config()));
    let _ = network.settle(&mut connecting);
    far.control().push("220 mx\r\n");
    let _ = network.settle(&mut connecting);
    far.control().push("250 mx\r\n");
    let mut client = match network.block_on(connecting) {
        Ok(client) => client,
        Err(error) => panic!("{error}"),
    };
    let size = size_of_val(&client.send(bob(), b"x"));
    assert!(size < LIMIT, "send: {size}");
    let size = size_of_val(&client.send_from(bob(), ()));
    assert!(size < LIMIT, "send_from: {size}");
    let size = size_of_val(&client.send_all([(bob(), b"x".as_slice())], drop));
    assert!(size < LIMIT, "send_all: {size}");
    let size = size_of_val(&client.noop());
    assert!(size < LIMIT, "noop: {size}");
}

#[test]
fn futures_may_move_between_threads() {
    fn is_send(_: &impl Send) {}
    let network = Network::new();
    let (near, far) = network.pair();
    is_send(&receive(near, server_config()));
    is_send(&async move {
        let mut client = connect(far, client_config()).await.unwrap();
        let _ = client.send(bob(), b"").await.unwrap();
        let _ = client.send_from(bob(), ()).await.unwrap();
        client.noop().await.unwrap();
        client.quit().await.unwrap();
    });
}
