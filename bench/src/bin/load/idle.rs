//! The cost of idle connections.

use std::{io, thread, time::Duration};

use crate::{
    process::Server,
    traffic::{Connection, Socket, Step, Wait, message},
};

/// The time for the server to tidy up before its memory is read.
const SETTLE: Duration = Duration::from_secs(1);

/// Resident memory for each connection, in KB.
#[derive(Debug)]
pub struct Cost {
    /// The client has said EHLO.
    pub greeted: f64,
    /// The client has sent a message of 64 KB, too.
    pub used: f64,
}

/// Opens that many connections, which then do nothing.
///
/// # Errors
///
/// When the server does not take them; the limit of open files may be too low.
pub fn measure(server: &Server, connections: usize) -> io::Result<Cost> {
    let mut script = vec![Step(Vec::new(), 1), Step(b"EHLO client.example\r\n".into(), 1)];
    let open = |script: &[Step]| {
        let mut connection = Connection::<Socket>::open(server.address, Wait::Sleep)?;
        script.iter().try_for_each(|step| connection.carry_out(step))?;
        Ok::<_, io::Error>(connection)
    };
    let transaction = [
        Step(b"MAIL FROM:<alice@client.example>\r\n".into(), 1),
        Step(b"RCPT TO:<bob@example.org>\r\n".into(), 1),
        Step(b"DATA\r\n".into(), 1),
        Step(message(64 * 1024).into(), 1),
    ];
    // What a server needs once for all is not counted.
    let first: Vec<_> = (0..4).map(|_| open(&script)).collect::<io::Result<_>>()?;
    script.extend(transaction.clone());
    drop(open(&script)?);
    thread::sleep(SETTLE);
    let before = server.resident()?;
    let mut idle: Vec<_> = (0..connections)
        .map(|_| open(&script[..2]))
        .collect::<io::Result<_>>()?;
    let cost = || {
        thread::sleep(SETTLE);
        Ok::<_, io::Error>((server.resident()? as f64 - before as f64) / connections as f64)
    };
    let greeted = cost()?;
    for connection in &mut idle {
        transaction
            .iter()
            .try_for_each(|step| connection.carry_out(step))?;
    }
    let used = cost()?;
    drop(first);
    Ok(Cost { greeted, used })
}
