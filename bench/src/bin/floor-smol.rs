//! A server of smol as cheap as one can be: a task for each connection, which knows as little of SMTP as `floor`.
//!
//! `floor-smol ADDRESS`

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
};

use smol::{
    Async,
    io::{AsyncReadExt, AsyncWriteExt},
};
use smtp_bench::floor::{GREETING, Replier};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address: SocketAddr = std::env::args()
        .nth(1)
        .ok_or("usage: floor-smol ADDRESS")?
        .parse()?;
    smol::block_on(async {
        let listener = Async::<TcpListener>::bind(address)?;
        println!("listening on {}", listener.get_ref().local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.get_ref().set_nodelay(true)?;
            smol::spawn(serve(stream)).detach();
        }
    })
}

/// Waits before each read, so that none finds nothing.
async fn serve(mut stream: Async<TcpStream>) -> io::Result<()> {
    let mut replier = Replier::new();
    stream.write_all(GREETING).await?;
    while !replier.is_over() {
        stream.readable().await?;
        let mut buffer = [0; 2048];
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            break;
        }
        stream.write_all(&replier.replies_to(&buffer[..read])).await?;
    }
    Ok(())
}
