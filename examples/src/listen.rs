//! Listening for many connections at once.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted. The system caps the number (`net.core.somaxconn` on Linux, 4,096 by default). The
/// standard library asks for 128: in a larger burst, clients would wait for a greeting from a server that does not know them.
const BACKLOG: i32 = 4096;

/// Listens on this address with a large backlog.
///
/// # Errors
///
/// When the address cannot be listened on.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // As the standard library does: a server that was stopped can start again at once.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The same for a runtime that does not block.
///
/// # Errors
///
/// When the address cannot be listened on.
pub fn listen_nonblocking(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = listen(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests;
