//! A server of tokio as cheap as one can be: a task for each connection, which knows as little of SMTP as `floor`.
//!
//! `floor-tokio ADDRESS`

use std::io;

use smtp_bench::floor::{GREETING, Replier};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("usage: floor-tokio ADDRESS")?;
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream));
    }
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    let (mut replier, mut buffer) = (Replier::new(), [0; 2048]);
    stream.write_all(GREETING).await?;
    while !replier.is_over() {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            break;
        }
        stream.write_all(&replier.replies_to(&buffer[..read])).await?;
    }
    Ok(())
}
